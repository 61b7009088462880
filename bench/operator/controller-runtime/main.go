// The controller of bench/operator/kit.ts, written on controller-runtime: the same kind, the same objects, the same
// finalizer, two conditions. It is told what to do by lines on standard input, as kit.ts is.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"go.uber.org/zap/zapcore"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const managedBy = "wekeza-operator"

// owned are the kinds of objects.json, each with its typed cache.
var owned = []client.Object{
	&corev1.ServiceAccount{}, &corev1.ConfigMap{}, &corev1.Secret{}, &corev1.Service{}, &appsv1.Deployment{},
	&policyv1.PodDisruptionBudget{}, &autoscalingv2.HorizontalPodAutoscaler{}, &networkingv1.NetworkPolicy{},
}

func main() {
	kubeconfig := flag.String("access", "", "kubeconfig")
	templates := flag.String("objects", "", "objects.json")
	concurrency := flag.Int("concurrency", 10, "reconciles at the same time")
	flag.Parse()
	if err := run(*kubeconfig, *templates, *concurrency); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(kubeconfig, templates string, concurrency int) error {
	log.SetLogger(zap.New(zap.Level(zapcore.ErrorLevel)))
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	// As ctrl.GetConfig has it: the server's priority and fairness decides, not a limit on this side.
	config.QPS = -1
	text, err := os.ReadFile(templates)
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, policyv1.AddToScheme, autoscalingv2.AddToScheme,
		networkingv1.AddToScheme, addPartner,
	} {
		if err := add(scheme); err != nil {
			return err
		}
	}
	selected := cache.ByObject{Label: labels.SelectorFromSet(labels.Set{"app.kubernetes.io/managed-by": managedBy})}
	byObject := map[client.Object]cache.ByObject{}
	for _, object := range owned {
		byObject[object] = selected
	}
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:  scheme,
		Metrics: server.Options{BindAddress: "0"},
		Cache:   cache.Options{ByObject: byObject, DefaultTransform: cache.TransformStripManagedFields()},
	})
	if err != nil {
		return err
	}
	reconciler := &reconciler{Client: manager.GetClient(), templates: string(text), gate: make(chan struct{})}
	builder := ctrl.NewControllerManagedBy(manager).
		For(&Partner{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency})
	for _, object := range owned {
		builder = builder.Owns(object)
	}
	if err := builder.Complete(reconciler); err != nil {
		return err
	}
	ctx := ctrl.SetupSignalHandler()
	go converse(ctx, manager, reconciler)
	return manager.Start(ctx)
}

// converse says "ready" when the caches are full, lets the work begin at the line "go", and answers "report".
func converse(ctx context.Context, manager ctrl.Manager, reconciler *reconciler) {
	manager.GetCache().WaitForCacheSync(ctx)
	fmt.Println(`"ready"`)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		switch lines.Text() {
		case "go":
			close(reconciler.gate)
		case "report":
			text, _ := json.Marshal(reportNow())
			fmt.Println(string(text))
		}
	}
}

// report is what conversation.ts calls Report.
type report struct {
	Requests   map[string]float64 `json:"requests"`
	Reconciles float64            `json:"reconciles"`
	Open       float64            `json:"open"`
}

func reportNow() report {
	now := report{Requests: map[string]float64{}}
	families, _ := metrics.Registry.Gather()
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			switch family.GetName() {
			case "rest_client_requests_total":
				for _, label := range metric.GetLabel() {
					if label.GetName() == "method" {
						now.Requests[label.GetValue()] += metric.GetCounter().GetValue()
					}
				}
			case "controller_runtime_reconcile_total":
				now.Reconciles += metric.GetCounter().GetValue()
			case "workqueue_depth", "controller_runtime_active_workers":
				now.Open += metric.GetGauge().GetValue()
			}
		}
	}
	return now
}
