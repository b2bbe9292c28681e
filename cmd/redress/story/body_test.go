package story

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"redress/domain"
)

// bodyOf writes the body of a step, for a case that stands at s1 of nnc-corporate-2024.
func bodyOf(t *testing.T, command, with string) string {
	t.Helper()
	text := strings.NewReplacer("AcknowledgeCase", command, "{contains: all}", with).Replace(good)
	s, err := Read(written(t, text))
	if err != nil {
		t.Fatal(err)
	}
	b := &sandbox{story: s, cases: map[string]uuid.UUID{"A": uuid.MustParse("00000000-0000-4000-8000-00000000000a")}}
	c := &domain.Case{ProcedureID: "nnc-corporate-2024", ProcedureVersion: "2.0", Stage: "s1"}
	config := domain.NewConfig()
	p := domain.ShippedProcedure("nnc-corporate-2024")
	if err := config.Apply(domain.Recorded{Event: domain.NewProcedureAdopted(p, domain.ChangeMinor, "", domain.Personal{})}); err != nil {
		t.Fatal(err)
	}
	body, err := b.writerFor(t.Context(), &s.Steps[0], c, config).write()
	if err != nil {
		t.Fatal(err)
	}
	named := string(body)
	for _, name := range []string{"amina", "pat", "sam"} {
		named = strings.ReplaceAll(named, s.id(name).String(), "<"+name+">")
	}
	return strings.ReplaceAll(named, "00000000-0000-4000-8000-00000000000a", "<A>")
}

func TestBodies(t *testing.T) {
	const ack = `"case_reference","understanding_of_issues","outcome_sought",%s"response_due_date","contact_point","adjustments_offer"`
	for _, tt := range []struct{ name, command, with, want string }{
		{
			"all, the stage and the moment", "AcknowledgeCase", "{contains: all}",
			`{"contains":[` + strings.Replace(ack, "%s", `"ombudsman_details",`, 1) + `],"sent_at":"2025-01-06T09:10:00Z","stage":"s1"}`,
		},
		{
			"all but one", "AcknowledgeCase", "{contains: {all_but: [ombudsman_details]}}",
			`{"contains":[` + strings.Replace(ack, "%s", "", 1) + `],"sent_at":"2025-01-06T09:10:00Z","stage":"s1"}`,
		},
		{
			"what is said stays", "AcknowledgeCase", "{contains: [one], sent_at: null, stage: s2, due_quoted: 2025-01-13}",
			`{"contains":["one"],"due_quoted":"2025-01-13","sent_at":null,"stage":"s2"}`,
		},
		{
			"people", "AcknowledgeCase", "{contains: [], recipients: [pat, sam]}",
			`{"contains":[],"recipients":["<pat>","<sam>"],"sent_at":"2025-01-06T09:10:00Z","stage":"s1"}`,
		},
		{
			"all of a clock", "ExtendDeadline", "{clock: s1.response, contains: all}",
			`{"clock":"s1.response","contains":["explanation","new_date","ombudsman_details"],"notified_at":"2025-01-06T09:10:00Z"}`,
		},
		{
			"all of a clock that is none", "ExtendDeadline", "{clock: s9.response, contains: all}",
			`{"clock":"s9.response","contains":[],"notified_at":"2025-01-06T09:10:00Z"}`,
		},
		{
			"a case, inside a list of objects too", "ReceiveFeedback", "{duplicate_of: A, issues: [{issue_id: 7, about_staff: [amina]}]}",
			`{"duplicate_of":"<A>","issues":[{"about_staff":["<amina>"],"issue_id":"7"}],"received_at":"2025-01-06T09:10:00Z"}`,
		},
		{
			"numbers and words", "ProposeRemedy", "{amount: 007, type: yes, origin: true, owner_id: pat}",
			`{"amount":7,"origin":true,"owner_id":"<pat>","stage":"s1","type":"yes"}`,
		},
		{"what the command does not have", "CloseCase", "{colour: [1.50, {red: true}], at: soon}", `{"at":"soon","colour":[1.5,{"red":true}]}`},
		{"no such command", "Dance", "{contains: all, by: pat}", `{"by":"pat","contains":"all"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := bodyOf(t, tt.command, tt.with); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
