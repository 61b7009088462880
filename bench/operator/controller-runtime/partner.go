package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var version = schema.GroupVersion{Group: "openbanking.wekeza.io", Version: "v1alpha1"}

// Partner is the part of a Partner that this controller reads and writes.
type Partner struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              PartnerSpec   `json:"spec,omitempty"`
	Status            PartnerStatus `json:"status,omitempty"`
}

// PartnerSpec is what the objects are made from.
type PartnerSpec struct {
	DisplayName string `json:"displayName,omitempty"`
}

// PartnerStatus is what was seen.
type PartnerStatus struct {
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
}

// PartnerList is a list of Partners.
type PartnerList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Partner `json:"items"`
}

// DeepCopyObject implements runtime.Object.
func (p *Partner) DeepCopyObject() runtime.Object {
	out := *p
	out.ObjectMeta = *p.ObjectMeta.DeepCopy()
	out.Status.Conditions = append([]metav1.Condition(nil), p.Status.Conditions...)
	return &out
}

// DeepCopyObject implements runtime.Object.
func (l *PartnerList) DeepCopyObject() runtime.Object {
	out := *l
	out.Items = make([]Partner, len(l.Items))
	for i := range l.Items {
		out.Items[i] = *l.Items[i].DeepCopyObject().(*Partner)
	}
	return &out
}

func addPartner(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(version, &Partner{}, &PartnerList{})
	metav1.AddToGroupVersion(scheme, version)
	return nil
}
