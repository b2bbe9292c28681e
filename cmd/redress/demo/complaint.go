package demo

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"redress/domain"
)

const procedureID = "nnc-corporate-2024"

// The published figures that the year follows.
const (
	upheldShare      = 56.0
	inTimeShare      = 78.0
	secondStageShare = 100.0 * 81 / 429
	ombudsmanShare   = 100.0 * 7 / 81 // of those that went to stage two
)

var channels = []weighted[string]{
	{"online_form", 46}, {"email", 27}, {"phone", 15}, {"letter", 5}, {"in_person", 2}, {"councillor", 3}, {"social_media", 1}, {"staff_member", 1},
}

// story is one complaint while it is being made up.
type story struct {
	label       string
	service     service
	handler     uuid.UUID
	complainant uuid.UUID // nil UUID: anonymous
	issues      []string
	upheld      bool
	last        time.Time // the moment of the last step
}

// complaint invents one complaint from receipt to where it ends.
func (g *generator) complaint(n int) {
	s := &story{label: fmt.Sprintf("c%d", n), service: g.service(), handler: one(g, g.staff.handlers), issues: []string{"a"}}
	if g.chance(30) {
		s.issues = []string{"a", "b"}
	}
	s.upheld = g.chance(upheldShare)
	received := g.moment(g.day(), 7, 22)
	s.last = g.later(g.officeHours(domain.DateOf(received)), received)
	g.receive(s, n, received)
	if g.chance(2.5) {
		g.withdraw(s)
		return
	}
	acknowledged := g.acknowledge(s, "s1", received)
	extended := g.respond(s, "s1", acknowledged, 10, g.staff.managers[s.service.name][g.random.IntN(2)])
	if g.chance(secondStageShare) {
		g.escalate(s, extended)
		return
	}
	g.close(s)
}

func (g *generator) service() service {
	choices := make([]weighted[service], len(services))
	for i, s := range services {
		choices[i] = weighted[service]{s, s.weight}
	}
	return pick(g, choices)
}

func (g *generator) receive(s *story, n int, received time.Time) {
	body := map[string]any{
		"kind": "complaint", "channel": pick(g, channels), "received_at": received, "service": s.service.name,
		"category": one(g, s.service.categories), "procedure_id": procedureID, "summary": one(g, s.service.complaints),
	}
	if !g.chance(4) {
		body["ward"] = one(g, wards)
	}
	if !g.chance(5) {
		s.complainant = id("complainant %d", n)
		body["complainant"] = s.complainant
		body["outcome_sought"] = "An apology, and that it is put right."
		g.do(s.last.Add(-time.Minute), s.handler, "RecordPerson", "", map[string]any{
			"person_id": s.complainant, "name": fmt.Sprintf("Complainant %d", n),
			"contacts": fmt.Sprintf("complainant-%d@example.org", n),
		})
	}
	var issues []any
	for _, issue := range s.issues {
		issues = append(issues, map[string]any{"issue_id": issue, "text": one(g, s.service.complaints), "category": body["category"]})
	}
	body["issues"] = issues
	if s.last.Sub(received) > 36*time.Hour {
		body["backdate_reason"] = "Reached the service first and was passed on."
	}
	g.do(s.last, s.handler, "ReceiveFeedback", s.label, body)
}

// recipients names who is written to: nobody where the complaint is anonymous.
func (s *story) recipients() []any {
	if s.complainant == uuid.Nil {
		return []any{}
	}
	return []any{s.complainant}
}

// form is how something is sent; an anonymous case only keeps a record of it.
func (s *story) form(form string) string {
	if s.complainant == uuid.Nil {
		return "internal_record"
	}
	return form
}

func (g *generator) acknowledge(s *story, stage string, from time.Time) time.Time {
	days := 1 + g.random.IntN(4)
	if g.chance(6) {
		days = 6 + g.random.IntN(6)
	}
	s.last = g.later(g.officeHours(g.after(domain.DateOf(from), days)), s.last)
	g.do(s.last, s.handler, "AcknowledgeCase", s.label, map[string]any{
		"stage": stage, "sent_at": s.last, "channel": "email", "form": s.form("email"), "recipients": s.recipients(),
		"contains":         []any{"case_reference", "understanding_of_issues", "outcome_sought", "ombudsman_details", "response_due_date", "contact_point", "adjustments_offer"},
		"ombudsman_bodies": []any{"LGSCO"}, "letter": stage + "-ack",
	})
	return s.last
}

// respond invents the work of one stage up to its response, and reports whether the time was extended.
func (g *generator) respond(s *story, stage string, acknowledged time.Time, days int, who officer) bool {
	s.last = g.later(g.officeHours(domain.DateOf(acknowledged)), s.last)
	g.do(s.last, g.staff.complaints, "AllocateCase", s.label, map[string]any{
		"stage": stage, "allocated_at": s.last, "team": s.service.name, "officer_id": who.id, "officer_grade": who.grade,
	})
	start, due := domain.DateOf(acknowledged), days
	extended := g.chance(9)
	if extended {
		due = g.extend(s, stage, start, days, who)
	}
	answer := due - g.around(2, 2)
	if !g.chance(inTimeShare) {
		answer = due + 1 + g.around(6, 6)
	}
	sent := g.officeHours(g.after(start, max(1, answer)))
	upheld := g.findings(s, stage, sent.Add(-90*time.Minute), who)
	s.last = g.later(sent, s.last)
	remedies := []any{}
	contents := []any{"issues_considered", "background", "evidence", "reasons", "finding_per_issue", "fault_explained", "remedy", "outstanding_actions", "next_stage"}
	body := map[string]any{
		"stage": stage, "sent_at": s.last, "form": s.form("letter"), "recipients": s.recipients(), "contents": contents,
		"outcome": outcome(upheld), "issue_outcomes": outcomes(upheld, s.issues), "author_id": who.id, "remedies": remedies,
		"further_rights": "next_stage", "letter": stage + "-response", "revision": false,
	}
	if stage == "s2" {
		body["further_rights"], body["approved_by"] = "ombudsman", g.staff.complaints
		body["contents"] = append(contents[:8:8], "final_response_statement", "ombudsman_details")
	}
	g.do(s.last, who.id, "SendResponse", s.label, body)
	if upheld[0] != "not_upheld" {
		g.remedy(s, stage, who)
	}
	return extended
}

// extend gives the stage up to as many days again, told some days before the due date, and returns the new length.
func (g *generator) extend(s *story, stage string, start domain.Date, days int, who officer) int {
	longer := days + 3 + g.random.IntN(days-3)
	s.last = g.later(g.officeHours(g.after(start, days-3)), s.last)
	reason := pick(g, []weighted[string]{{"complex", 50}, {"awaiting_third_party", 25}, {"officer_absence", 15}, {"volume", 10}})
	g.do(s.last, who.id, "ExtendDeadline", s.label, map[string]any{
		"clock": stage + ".response", "old_due_date": g.after(start, days), "new_due_date": g.after(start, longer),
		"reason": "More time is needed to look into it properly.", "reason_code": reason, "notified_at": s.last, "notice": stage + "-extension",
		"contains": []any{"explanation", "new_date", "ombudsman_details"},
	})
	g.steps[len(g.steps)-1].Optional = true
	return longer
}

// findings records one finding for each issue and returns them.
func (g *generator) findings(s *story, stage string, at time.Time, who officer) []string {
	s.last = g.later(at, s.last)
	var found []string
	for i, issue := range s.issues {
		finding := "not_upheld"
		if s.upheld && (i == 0 || g.chance(55)) {
			finding = "upheld"
			if g.chance(30) {
				finding = "partly_upheld"
			}
		}
		found = append(found, finding)
		fault := "none"
		if finding != "not_upheld" {
			fault = "service_failure"
		}
		g.do(s.last.Add(time.Duration(i)*time.Minute), who.id, "RecordFinding", s.label, map[string]any{
			"issue_id": issue, "stage": stage, "finding": finding, "fault": fault, "injustice": false,
			"reasons": "The records and the visits were compared with what was said.",
		})
	}
	s.last = s.last.Add(3 * time.Minute)
	return found
}

// outcome derives a stage's outcome from its findings (specification § 8.1).
func outcome(findings []string) string {
	upheld, not := 0, 0
	for _, finding := range findings {
		switch finding {
		case "upheld":
			upheld++
		case "not_upheld":
			not++
		}
	}
	switch {
	case upheld == len(findings):
		return "upheld"
	case not == len(findings):
		return "not_upheld"
	}
	return "partly_upheld"
}

func outcomes(findings, issues []string) []any {
	var list []any
	for i, issue := range issues {
		list = append(list, map[string]any{"issue_id": issue, "finding": findings[i]})
	}
	return list
}
