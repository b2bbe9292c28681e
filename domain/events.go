package domain

import (
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json"
)

// Events lists every type of event that the log may hold, each as its zero value, in the order of the specification's
// catalogue. A type that is not in this list cannot be read back.
var Events = []Event{
	Received{},
	Acknowledged{},
	Allocated{},
	Responded{},
	Escalated{},
	RemedyOffered{},
	ReferredToOmbudsman{},
	InformationRequested{},
	InformationReceived{},
	IssuesAgreed{},
	MattersJoined{},
	Extended{},
	Suspended{},
	Resumed{},
	ResolvedEarly{},
	EscalationRefused{},
	InvestigatorsAppointed{},
	InvestigationReported{},
	FindingRecorded{},
	PanelConvened{},
	PanelHeld{},
	PanelReported{},
	EarlyReferralAgreed{},
	OutcomeAccepted{},
	RemedyProposed{},
	RemedyApproved{},
	RemedyRefused{},
	RemedyAccepted{},
	RemedyRejected{},
	RemedyDelivered{},
	RemedyUndeliverable{},
	OmbudsmanDecided{},
	Withdrawn{},
	Closed{},
	Reopened{},
	CauseRecorded{},
	LearningActionRaised{},
	LearningActionUpdated{},
	LearningActionClosed{},
	Classified{},
	Redirected{},
	CaseLinked{},
	PartyAdded{},
	PartyRemoved{},
	ConsentRequested{},
	ConsentRecorded{},
	DecisionRecorded{},
	SafeguardingReferred{},
	ContactRecorded{},
	FlagChanged{},
	DocumentAttached{},
	NotificationSent{},
	CorrectionRecorded{},
	Imported{},
	LegacyRecorded{},
	SurveySent{},
	SurveyAnswered{},
	FeeNoticeIssued{},
	FeePaid{},
	PersonRecorded{},
	PersonAmended{},
	AdjustmentAgreed{},
	ContactRestricted{},
	ContactRestrictionReviewed{},
	PersonalDataErased{},
	LogOpened{},
	TimeSimulated{},
	LossAccepted{},
	ProcedureAdopted{},
	CalendarAdopted{},
	SettingsAdopted{},
	LimitsAdopted{},
	CodeListAdopted{},
	RoleGranted{},
	RoleRevoked{},
	ImportReconciled{},
	ReferencesReserved{},
	EqualityAnswered{},
}

// older lists the versions that stand in logs and are not written any more. What their types have had since is optional, so
// that they are read as those of today without it.
var older = []struct {
	event   Event
	version int
}{
	{RemedyProposed{}, 1}, // without periods
	{RemedyOffered{}, 1},  // without periods
}

// UnknownEvent says that the log holds an event that this program cannot read: it was written by a newer one. Whoever
// meets it stops; nothing is skipped.
type UnknownEvent struct {
	Name    string
	Version int
}

// Error names the type and version.
func (e *UnknownEvent) Error() string {
	return fmt.Sprintf("event %s version %d is not known to this program", e.Name, e.Version)
}

// Decode reads an event's data, in which personal fields are sealed. An older version is read into the type of today. A type
// or version that was never written is an [*UnknownEvent]; a member that the type does not have is an error, because a changed shape has another version.
func Decode(name string, version int, data []byte) (Event, error) {
	shape, ok := shapes[schema{name, version}]
	if !ok {
		return nil, &UnknownEvent{Name: name, Version: version}
	}
	into := reflect.New(shape)
	if err := json.Unmarshal(data, into.Interface(), json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("event %s version %d: %w", name, version, err)
	}
	event, ok := into.Elem().Interface().(Event)
	if !ok {
		return nil, &UnknownEvent{Name: name, Version: version}
	}
	return event, nil
}

type schema struct {
	name    string
	version int
}

var shapes = func() map[schema]reflect.Type {
	of := make(map[schema]reflect.Type, len(Events)+len(older))
	for _, event := range Events {
		name, version := event.Schema()
		of[schema{name, version}] = reflect.TypeOf(event)
	}
	for _, o := range older {
		name, _ := o.event.Schema()
		of[schema{name, o.version}] = reflect.TypeOf(o.event)
	}
	return of
}()
