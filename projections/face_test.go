package projections

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"redress/domain"
)

func text(name, value string) Field { return Field{what: name, text: value} }

func list(name string, values ...string) Field {
	return Field{what: name, list: append([]string{}, values...)}
}

// valueOf returns the value of the field of that name, nil where there is none.
func valueOf(f Face, name string) any {
	for i := range f {
		if f[i].name() == name {
			return f[i].value()
		}
	}
	return nil
}

func TestChangesOfAFace(t *testing.T) {
	before := Face{text("status", "open"), text("officer", "a"), list("flags"), list("issues", "1")}
	after := Face{text("status", "closed"), list("flags", "legal_hold"), list("issues", "1"), {what: "outcome", stage: "s1", text: "upheld"}}
	want := []FieldChange{
		{"status", "open", "closed"},
		{"flags", []string{}, []string{"legal_hold"}},
		{"outcome.s1", nil, "upheld"},
		{"officer", "a", nil},
	}
	if got := before.Changes(after); !reflect.DeepEqual(got, want) {
		t.Errorf("changes %v", got)
	}
	if text, err := before.document(after); err != nil || text != `[{"field":"status","from":"open","to":"closed"},`+
		`{"field":"flags","from":[],"to":["legal_hold"]},{"field":"outcome.s1","from":null,"to":"upheld"},{"field":"officer","from":"a","to":null}]` {
		t.Errorf("as a document %s, %v", text, err)
	}
	if got := after.Changes(after); got == nil || len(got) != 0 {
		t.Errorf("no change is %#v", got)
	}
	if got := Face(nil).Changes(Face{list("flags")}); len(got) != 0 {
		t.Errorf("an empty list is a change: %v", got)
	}
}

func TestTwoEntriesIntoOneStageHaveTheirOwnFields(t *testing.T) {
	at := time.Date(2025, 1, 6, 9, 0, 0, 0, time.UTC)
	face := FaceOf(&domain.Case{Events: 1, Stages: []domain.StageRecord{
		{Stage: "s1", EnteredAt: at}, {Stage: "s1", EnteredAt: at.Add(time.Hour)},
	}})
	first, second := valueOf(face, "entered_at.s1"), valueOf(face, "entered_at.s1#2")
	if first != "2025-01-06T09:00:00Z" || second != "2025-01-06T10:00:00Z" {
		t.Errorf("entered %v and %v", first, second)
	}
}

func TestSpans(t *testing.T) {
	at := func(hour int) time.Time { return time.Date(2025, 1, 6, hour, 0, 0, 0, time.UTC) }
	var s Spans
	s.turn("", domain.StatusOpen, at(1))
	s.turn(domain.StatusOpen, domain.StatusSuspended, at(2))
	s.turn(domain.StatusSuspended, domain.StatusOpen, at(3))
	s.turn(domain.StatusOpen, domain.StatusClosed, at(4))
	s.turn(domain.StatusClosed, domain.StatusOpen, at(6))
	if got, want := ranges(s.Open).text(), "{[2025-01-06T01:00:00Z,2025-01-06T04:00:00Z),[2025-01-06T06:00:00Z,)}"; got != want {
		t.Errorf("open %s", got)
	}
	if got, want := ranges(s.Suspended).text(), "{[2025-01-06T02:00:00Z,2025-01-06T03:00:00Z)}"; got != want {
		t.Errorf("suspended %s", got)
	}
	s.turn(domain.StatusOpen, domain.StatusClosed, at(5)) // recorded with an earlier date
	if got, want := ranges(s.Open).text(), "{[2025-01-06T01:00:00Z,2025-01-06T04:00:00Z)}"; got != want {
		t.Errorf("open %s", got)
	}
}

func TestEveryModelIsComplete(t *testing.T) {
	for _, m := range Models {
		if len(m.Columns) == 0 || m.Columns[0].Name != "tenant" || m.Columns[1].Name != "case_id" {
			t.Errorf("%s: columns %v", m.Name, m.Columns)
		}
		for _, key := range m.Key {
			found := false
			for _, c := range m.Columns {
				found = found || c.Name == key
			}
			if !found {
				t.Errorf("%s has no column %s", m.Name, key)
			}
		}
		if (m.Rows == nil) == (m.Adds == nil) || m.indexes() == "" || m.Version < 1 {
			t.Errorf("%s is not complete", m.Name)
		}
	}
}

func TestWhatStandsAroundACase(t *testing.T) {
	pat, rae := uuid.New(), uuid.New()
	c := new(domain.Case)
	for _, e := range []domain.Event{
		domain.Received{Complainant: &pat, Issues: []domain.Issue{{ID: "boiler"}}},
		domain.PartyAdded{PartyID: rae, Role: "advocate"},
		domain.ConsentRequested{Subject: pat, Scope: domain.ScopeOnBehalf},
		domain.DecisionRecorded{Kind: "time_limit", Outcome: "refused_late"},
		domain.DecisionRecorded{Kind: "time_limit", Outcome: "accepted_late"},
		domain.CaseLinked{OtherCase: rae, Kind: "related"},
		domain.DocumentAttached{DocID: "D1"},
		domain.Redirected{Scope: domain.ExtentIssues, Issues: []domain.Label{"boiler"}, Code: "OOS-20"},
	} {
		if err := c.Apply(domain.Recorded{Event: e, Revision: c.Events}); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]any{
		"parties": []string{"advocate " + rae.String()}, "consent.on_behalf." + pat.String(): "awaited",
		"decision.time_limit": "accepted_late", "links": []string{"related " + rae.String()}, "documents": []string{"D1"},
		"redirected.boiler": "OOS-20",
	} {
		if got := valueOf(FaceOf(c), name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, expected %v", name, got, want)
		}
	}
}
