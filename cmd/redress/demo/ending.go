package demo

import (
	"time"

	"github.com/google/uuid"

	"redress/domain"
)

// remedy invents an apology, and for some a payment, from the proposal to its delivery.
func (g *generator) remedy(s *story, stage string, who officer) {
	s.last = s.last.Add(time.Hour)
	offer := func(name, kind string, extra map[string]any) map[string]any {
		body := map[string]any{
			"remedy_id": stage + "-" + name, "stage": stage, "issue_ids": []any{"a"}, "type": kind, "description": "To put right what went wrong.",
			"deliver_by": g.after(domain.DateOf(s.last), 15), "owner_id": who.id, "origin": "stage",
		}
		for key, value := range extra {
			body[key] = value
		}
		return body
	}
	if g.chance(70) {
		g.do(s.last, s.handler, "OfferRemedy", s.label, with(offer("apology", "apology", nil), "offered_at", s.last))
		g.deliver(s, stage+"-apology", nil)
	}
	if !g.chance(14) {
		return
	}
	amount := 2500 * (1 + g.random.IntN(12))
	payment := offer("payment", "time_and_trouble", map[string]any{"amount": amount})
	g.do(s.last, who.id, "ProposeRemedy", s.label, payment)
	s.last = g.later(g.officeHours(g.after(domain.DateOf(s.last), 1)), s.last)
	g.do(s.last, g.staff.complaints, "ApproveRemedy", s.label, map[string]any{
		"remedy_id": payment["remedy_id"], "approver_id": g.staff.complaints, "approver_role": "complaints_manager", "rule_id": "L1",
		"amount": amount, "at": s.last,
	})
	s.last = s.last.Add(time.Hour)
	g.do(s.last, s.handler, "OfferRemedy", s.label, with(payment, "offered_at", s.last))
	if s.complainant == uuid.Nil {
		return
	}
	answer := "accepted"
	if g.chance(12) {
		answer = "rejected"
	}
	s.last = g.officeHours(g.after(domain.DateOf(s.last), 2+g.random.IntN(6)))
	g.do(s.last, s.handler, "AnswerRemedy", s.label, map[string]any{"remedy_id": payment["remedy_id"], "answer": answer, "at": s.last, "by": s.complainant})
	if answer == "accepted" {
		g.deliver(s, stage+"-payment", &amount)
	}
}

// with returns a copy of the body with one field more.
func with(body map[string]any, key string, value any) map[string]any {
	more := map[string]any{key: value}
	for k, v := range body {
		more[k] = v
	}
	return more
}

// deliver invents the delivery of a remedy, mostly in time.
func (g *generator) deliver(s *story, remedy string, paid *int) {
	days := 3 + g.random.IntN(9)
	if g.chance(10) {
		days = 16 + g.random.IntN(10)
	}
	s.last = g.later(g.officeHours(g.after(domain.DateOf(s.last), days)), s.last)
	body := map[string]any{"remedy_id": remedy, "delivered_on": domain.DateOf(s.last), "evidence": remedy + "-evidence"}
	if paid != nil {
		body["amount_paid"] = *paid
	}
	g.do(s.last, s.handler, "DeliverRemedy", s.label, body)
}

// escalate invents the second stage, and for a few the Ombudsman.
func (g *generator) escalate(s *story, _ bool) {
	if s.complainant == uuid.Nil {
		g.close(s)
		return
	}
	asked := g.moment(domain.DateOf(s.last).AddDays(2+g.random.IntN(18)), 8, 21)
	s.last = g.later(g.officeHours(domain.DateOf(asked)), asked)
	var issues []any
	for _, issue := range s.issues {
		issues = append(issues, issue)
	}
	body := map[string]any{
		"from_stage": "s1", "to_stage": "s2", "requested_at": asked, "requested_by": s.complainant, "channel": "email",
		"reasons": "The answer does not deal with what was asked.", "issues": issues, "ground": "dissatisfied", "late": false,
	}
	if s.last.Sub(asked) > 36*time.Hour {
		body["backdate_reason"] = "It came in over the holidays."
	}
	g.do(s.last, s.handler, "EscalateCase", s.label, body)
	acknowledged := g.acknowledge(s, "s2", asked)
	g.respond(s, "s2", acknowledged, 20, g.staff.managers[s.service.name][2])
	if !g.chance(ombudsmanShare) {
		g.close(s)
		return
	}
	s.last = g.officeHours(domain.DateOf(s.last).AddDays(20 + g.random.IntN(60)))
	g.do(s.last, g.staff.complaints, "ReferToOmbudsman", s.label, map[string]any{
		"body": "LGSCO", "referred_at": s.last, "by": "ombudsman_notice", "early": false, "issues": issues,
	})
}

// withdraw ends a complaint that the complainant takes back.
func (g *generator) withdraw(s *story) {
	s.last = g.later(g.officeHours(domain.DateOf(s.last).AddDays(1+g.random.IntN(6))), s.last)
	by := s.complainant
	if by == uuid.Nil {
		by = s.handler
	}
	g.do(s.last, s.handler, "WithdrawCase", s.label, map[string]any{
		"by": by, "at": s.last, "continue_internally": false, "contact_wanted": false,
	})
}

// close ends a case some weeks after its answer.
func (g *generator) close(s *story) {
	s.last = g.officeHours(g.after(domain.DateOf(s.last), 12+g.random.IntN(10)))
	g.do(s.last, g.staff.complaints, "CloseCase", s.label, map[string]any{"reason": "no_further_contact", "at": s.last})
	g.steps[len(g.steps)-1].Optional = true
}
