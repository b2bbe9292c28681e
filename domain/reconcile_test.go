package domain

import "testing"

func TestReconcileImport(t *testing.T) {
	reconcile := func(change func(*ImportReconciled)) func(Context) ([]Event, error) {
		return with(DecideReconcileImport, ImportReconciled{
			Batch: "b1", SourceSystem: "respond", InSource: 10, Imported: 9, Rejected: 1, ComplaintsManager: cara, AuditOfficer: aud,
			SignedAt: jan(6),
		}, change)
	}
	config := council(t, Settings{})
	for _, tt := range []decision{
		{"signed", nil, jan(6), cara, reconcile(nil), ""},
		{"signed by one for both", nil, jan(6), cara, reconcile(func(e *ImportReconciled) { e.AuditOfficer = cara }), SelfApproval},
		{"brought in by the auditor", nil, jan(6), aud, reconcile(nil), SelfApproval},
		{"not by a complaints manager", nil, jan(6), cara, reconcile(func(e *ImportReconciled) { e.ComplaintsManager = ben }), NotPermitted},
		{"not by an auditor", nil, jan(6), cara, reconcile(func(e *ImportReconciled) { e.AuditOfficer = ben }), NotPermitted},
		{"a difference", nil, jan(6), cara, reconcile(func(e *ImportReconciled) { e.Rejected = 0 }), MissingFieldCode},
		{"a difference explained", nil, jan(6), cara, reconcile(func(e *ImportReconciled) {
			e.Rejected, e.Differences = 0, Plain("past retention")
		}), ""},
		{"tomorrow", nil, jan(5), cara, reconcile(nil), FutureDated},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events, err := tt.when(at(config, tt.now, tt.who, nil))
			expect(t, events, err, tt.code)
		})
	}
	before := config.Clone()
	events, err := reconcile(nil)(at(config, jan(6), cara, nil))
	expect(t, events, err, "")
	if err := config.Apply(Recorded{Event: events[0], Revision: config.Events}); err != nil {
		t.Fatal(err)
	}
	if !config.Reconciled("b1") || config.Reconciled("b2") || before.Reconciled("b1") {
		t.Error("the batch is not the one that was signed off")
	}
	_, err = reconcile(nil)(at(config, jan(6), cara, nil))
	expect(t, nil, err, BadValueCode)
}
