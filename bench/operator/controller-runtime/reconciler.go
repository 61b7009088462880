package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

const (
	finalizer = "openbanking.wekeza.io/operator"
	applied   = "openbanking.wekeza.io/applied"
)

type reconciler struct {
	client.Client
	templates string
	gate      chan struct{}
}

// Reconcile brings one Partner's objects about: finalizer, objects by server-side apply where the fingerprint of what
// was applied last differs, then status.
func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	<-r.gate
	partner := &Partner{}
	if err := r.Get(ctx, request.NamespacedName, partner); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	before := partner.DeepCopyObject().(*Partner)
	if !partner.DeletionTimestamp.IsZero() {
		controllerutil.RemoveFinalizer(partner, finalizer)
		return ctrl.Result{}, r.Patch(ctx, partner, client.MergeFrom(before))
	}
	if controllerutil.AddFinalizer(partner, finalizer) {
		if err := r.Patch(ctx, partner, client.MergeFrom(before)); err != nil {
			return ctrl.Result{}, err
		}
	}
	objects, err := r.objectsOf(partner)
	if err != nil {
		return ctrl.Result{}, err
	}
	for i, object := range objects {
		if err := r.ensure(ctx, object, owned[i].DeepCopyObject().(client.Object)); err != nil {
			return ctrl.Result{}, err
		}
	}
	return ctrl.Result{}, r.writeStatus(ctx, partner)
}

// ensure applies an object unless the cache shows the one that was applied last.
func (r *reconciler) ensure(ctx context.Context, wanted *unstructured.Unstructured, live client.Object) error {
	err := r.Get(ctx, client.ObjectKeyFromObject(wanted), live)
	if err == nil && live.GetAnnotations()[applied] == wanted.GetAnnotations()[applied] {
		return nil
	}
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	configuration := client.ApplyConfigurationFromUnstructured(wanted)
	return r.Apply(ctx, configuration, client.FieldOwner(managedBy), client.ForceOwnership)
}

func (r *reconciler) writeStatus(ctx context.Context, partner *Partner) error {
	before := partner.DeepCopyObject().(*Partner)
	partner.Status.ObservedGeneration = partner.Generation
	for _, kind := range []string{"Ready", "Synced"} {
		meta.SetStatusCondition(&partner.Status.Conditions, metav1.Condition{
			Type: kind, Status: metav1.ConditionTrue, Reason: "Applied",
			Message: "Everything is as planned.", ObservedGeneration: partner.Generation,
		})
	}
	patch := client.MergeFrom(before)
	if text, err := patch.Data(partner); err != nil || string(text) == "{}" {
		return err
	}
	return r.Status().Patch(ctx, partner, patch, client.FieldOwner(managedBy+"-status"))
}

// objectsOf gives the Partner's objects, with labels, owner and fingerprint.
func (r *reconciler) objectsOf(partner *Partner) ([]*unstructured.Unstructured, error) {
	text := strings.NewReplacer(
		"$namespace", partner.Namespace, "$name", partner.Name, "$displayName", partner.Spec.DisplayName,
	).Replace(r.templates)
	var objects []*unstructured.Unstructured
	if err := json.Unmarshal([]byte(text), &objects); err != nil {
		return nil, err
	}
	for _, object := range objects {
		object.SetLabels(map[string]string{
			"app.kubernetes.io/managed-by":          managedBy,
			"openbanking.wekeza.io/owner-kind":      "Partner",
			"openbanking.wekeza.io/owner-namespace": partner.Namespace,
			"openbanking.wekeza.io/owner-name":      partner.Name,
			"openbanking.wekeza.io/owner-uid":       string(partner.UID),
		})
		if err := controllerutil.SetControllerReference(partner, object, r.Scheme()); err != nil {
			return nil, err
		}
		whole, err := json.Marshal(object)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(whole)
		object.SetAnnotations(map[string]string{applied: base64.RawURLEncoding.EncodeToString(sum[:])[:22]})
	}
	return objects, nil
}
