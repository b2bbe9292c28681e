package domain

import (
	"testing"

	"github.com/google/uuid"
)

func TestProposeRemedy(t *testing.T) {
	propose := func(change func(*RemedyProposed)) func(Context) ([]Event, error) {
		return with(DecideProposeRemedy, proposal(), change)
	}
	settings := Settings{RemedyBands: []RemedyBand{{Type: "distress", Unit: "case", Low: 10000, High: 30000}}}
	decide(t, settings, []decision{
		{"accepted", investigated1(), jan(10), ben, propose(nil), ""},
		{"again", then(investigated1(), proposal()), jan(10), ben, propose(nil), RemedyStateCode},
		{"no amount", investigated1(), jan(10), ben, propose(func(e *RemedyProposed) { e.Amount = 0 }), AmountRequired},
		{"negative", investigated1(), jan(10), ben, propose(func(e *RemedyProposed) { e.Amount = -1 }), BadValueCode},
		{"money hidden in an apology", investigated1(), jan(10), ben, propose(func(e *RemedyProposed) { e.Type = "apology" }), BadValueCode},
		{"unknown issue", investigated1(), jan(10), ben, propose(func(e *RemedyProposed) { e.IssueIDs = []Label{"roof"} }), BadValueCode},
		{"unknown owner", investigated1(), jan(10), ben, propose(func(e *RemedyProposed) { e.OwnerID = ghost }), BadValueCode},
		{"outside the band", investigated1(), jan(10), ben, propose(func(e *RemedyProposed) { e.Amount = 40000 }), MissingFieldCode},
		{"outside the band with a reason", investigated1(), jan(10), ben, propose(func(e *RemedyProposed) {
			e.Amount, e.OutsideBandReason = 40000, Plain("a baby in the house")
		}), ""},
		{"closed", then(answered1(), Closed{Reason: "exhausted", At: jan(21)}), jan(22), ben, propose(nil), CaseClosed},
	})
}

// TestBandsByPeriod holds amounts against a band by the month: 150 to 350 pounds.
func TestBandsByPeriod(t *testing.T) {
	months := func(amount Pence, periods int) func(*RemedyProposed) {
		return func(e *RemedyProposed) { e.Type, e.Amount, e.Periods = "accommodation", amount, periods }
	}
	propose := func(amount Pence, periods int) func(Context) ([]Event, error) {
		return with(DecideProposeRemedy, proposal(), months(amount, periods))
	}
	usual, unusual := proposal(), proposal()
	months(90000, 3)(&usual)
	months(200000, 3)(&unusual)
	unusual.OutsideBandReason = Plain("six people in one room")
	approved := func(p RemedyProposed) []Event {
		return then(investigated1(), by(ben, p), by(dan, approval(dan, RoleDirector, RuleNone, p.Amount, jan(10))),
			by(fay, approval(fay, RoleFinance, RuleNone, p.Amount, jan(10))))
	}
	settings := Settings{RemedyBands: shippedBands()}
	decide(t, settings, []decision{
		{"three months, at the top", investigated1(), jan(10), ben, propose(105000, 3), ""},
		{"three months, above it", investigated1(), jan(10), ben, propose(105001, 3), MissingFieldCode},
		{"three months, at the bottom", investigated1(), jan(10), ben, propose(45000, 3), ""},
		{"three months, below it", investigated1(), jan(10), ben, propose(44999, 3), MissingFieldCode},
		{"nobody says how many", investigated1(), jan(10), ben, propose(105001, 0), ""},
		{"too little for any", investigated1(), jan(10), ben, propose(14999, 0), MissingFieldCode},
		{"fewer than none", investigated1(), jan(10), ben, propose(15000, -1), BadValueCode},
		{"offered as proposed", approved(usual), jan(13), ben, with(DecideOfferRemedy, offer(usual, jan(13)), nil), ""},
		{"offered for fewer", approved(usual), jan(13), ben, with(DecideOfferRemedy, offer(usual, jan(13)), func(e *RemedyOffered) {
			e.Periods = 2
		}), MissingFieldCode},
		{"offered with the reason that was given before", approved(unusual), jan(13), ben, with(DecideOfferRemedy, offer(unusual, jan(13)), nil), ""},
	})
}

func TestApproveRemedy(t *testing.T) {
	approve := func(who uuid.UUID, role Role, rule Label, amount Pence) func(Context) ([]Event, error) {
		return with(DecideApproveRemedy, approval(who, role, rule, amount, jan(10)), nil)
	}
	large := proposal()
	large.Amount = 100000
	proposed := then(investigated1(), by(ben, proposal()))
	big := then(investigated1(), by(ben, large))
	byDirector := then(big, by(dan, approval(dan, RoleDirector, RuleNone, 100000, jan(10))))
	onBehalf := func(ctx Context) ([]Event, error) {
		ctx.Actor = Actor{ID: ben.String(), OnBehalfOf: cara.String()}
		return DecideApproveRemedy(ctx, approval(cara, RoleComplaints, "L2", 20000, jan(10)))
	}
	other := proposal()
	other.RemedyID = "other"
	decide(t, limits(), []decision{
		{"accepted", proposed, jan(10), cara, approve(cara, RoleComplaints, "L2", 20000), ""},
		{"own", proposed, jan(10), ben, approve(ben, RoleServiceManager, "L1", 20000), SelfApproval},
		{
			"own, without the right to approve", then(investigated1(), by(amina, proposal())), jan(10), amina,
			approve(amina, RoleCaseHandler, "L1", 20000), SelfApproval,
		},
		{"own, for somebody else", proposed, jan(10), ben, onBehalf, SelfApproval},
		{"without the right", proposed, jan(10), amina, approve(amina, RoleCaseHandler, "L1", 20000), NotPermitted},
		{"in another's name", proposed, jan(10), cara, approve(mary, RoleComplaints, "L2", 20000), NotPermitted},
		{"in a role not held", proposed, jan(10), cara, approve(cara, RoleDirector, "L2", 20000), NotPermitted},
		{"under another role's limit", proposed, jan(10), cara, approve(cara, RoleComplaints, "L1", 20000), LimitExceeded},
		{"over the limit", big, jan(10), olu, approve(olu, RoleServiceManager, "L1", 100000), LimitExceeded},
		{"no such limit", proposed, jan(10), cara, approve(cara, RoleComplaints, "L9", 20000), BadValueCode},
		{"no such remedy", investigated1(), jan(10), cara, approve(cara, RoleComplaints, "L2", 20000), RemedyStateCode},
		{
			"approved already", then(proposed, by(mary, approval(mary, RoleComplaints, "L2", 20000, jan(10)))), jan(10), cara,
			approve(cara, RoleComplaints, "L2", 20000), RemedyStateCode,
		},
		{
			"approved already by the same", then(proposed, by(cara, approval(cara, RoleComplaints, "L2", 20000, jan(10)))), jan(10), cara,
			approve(cara, RoleComplaints, "L2", 20000), RemedyStateCode,
		},
		{"another amount, over the limit", proposed, jan(10), olu, approve(olu, RoleServiceManager, "L1", 900000), AmountChanged},
		{"another amount", proposed, jan(10), cara, approve(cara, RoleComplaints, "L2", 25000), AmountChanged},
		{"director, the first of two", big, jan(10), dan, approve(dan, RoleDirector, "L3", 100000), ""},
		{"director twice", byDirector, jan(10), dan, approve(dan, RoleDirector, RuleNone, 100000), SelfApproval},
		{"finance, the second of two", byDirector, jan(10), fay, approve(fay, RoleFinance, RuleNone, 100000), ""},
		{"a complaints manager is no second", byDirector, jan(10), cara, approve(cara, RoleComplaints, RuleNone, 100000), LimitExceeded},
		{
			"finance, who proposed another", then(proposed, by(fay, other)), jan(10), fay,
			approve(fay, RoleFinance, RuleNone, 20000), SelfApproval,
		},
	})
	if r := given(t, then(byDirector, by(fay, approval(fay, RoleFinance, RuleNone, 100000, jan(10))))...).Remedy("comfort"); r.State != RemedyIsApproved {
		t.Errorf("approved by two, the remedy is %s", r.State)
	}
	if r := given(t, byDirector...).Remedy("comfort"); r.State != RemedyIsProposed {
		t.Errorf("approved by one of two, the remedy is %s", r.State)
	}
}

// TestFirstLimitCounts asks that nobody goes by a later limit where an earlier one covers the remedy and asks for two.
func TestFirstLimitCounts(t *testing.T) {
	two := RemedyLimit{ID: "two", Role: RoleComplaints, RemedyTypes: []RemedyType{"distress"}, MaxPerRemedy: 50000, MaxPerCase: 50000, NeedsSecondApprover: true}
	alone := RemedyLimit{ID: "alone", Role: RoleComplaints, RemedyTypes: []RemedyType{"distress"}, MaxPerRemedy: 50000, MaxPerCase: 50000}
	proposed := then(investigated1(), by(ben, proposal()))
	approve := func(rule Label) func(Context) ([]Event, error) {
		return with(DecideApproveRemedy, approval(cara, RoleComplaints, rule, 20000, jan(10)), nil)
	}
	decide(t, Settings{RemedyLimits: []RemedyLimit{two, alone}}, []decision{
		{"by the first", proposed, jan(10), cara, approve("two"), ""},
		{"by the second", proposed, jan(10), cara, approve("alone"), BadValueCode},
	})
	decide(t, Settings{RemedyLimits: []RemedyLimit{alone, two}}, []decision{
		{"by the first", proposed, jan(10), cara, approve("alone"), ""},
		{"by the second", proposed, jan(10), cara, approve("two"), BadValueCode},
	})
}

func TestApproveWithoutLimits(t *testing.T) {
	proposed := then(investigated1(), by(ben, proposal()))
	approve := func(who uuid.UUID, role Role) func(Context) ([]Event, error) {
		return with(DecideApproveRemedy, approval(who, role, RuleNone, 20000, jan(10)), nil)
	}
	decide(t, Settings{}, []decision{
		{"complaints manager", proposed, jan(10), cara, approve(cara, RoleComplaints), LimitExceeded},
		{"director", proposed, jan(10), dan, approve(dan, RoleDirector), ""},
		{"finance", proposed, jan(10), fay, approve(fay, RoleFinance), ""},
	})
}

func TestOfferRemedy(t *testing.T) {
	offered := func(change func(*RemedyOffered)) func(Context) ([]Event, error) {
		return with(DecideOfferRemedy, offer(proposal(), jan(13)), change)
	}
	apology := proposal()
	apology.RemedyID, apology.Type, apology.Amount = "sorry", "apology", 0
	proposed := then(investigated1(), by(ben, proposal()))
	approved := then(proposed, by(cara, approval(cara, RoleComplaints, "L2", 20000, jan(10))))
	small := then(proposed, by(olu, approval(olu, RoleServiceManager, "L1", 20000, jan(10))))
	second := proposal()
	second.RemedyID = "second"
	lapsing := offer(proposal(), jan(10))
	lapsing.ResponseBy = NewDate(2025, 1, 12)
	decide(t, limits(), []decision{
		{"approved", approved, jan(13), ben, offered(nil), ""},
		{"an apology out of hand", investigated1(), jan(13), ben, with(DecideOfferRemedy, offer(apology, jan(13)), nil), ""},
		{
			"an apology that was proposed", then(investigated1(), apology), jan(13), ben,
			with(DecideOfferRemedy, offer(apology, jan(13)), nil), "",
		},
		{"money out of hand", investigated1(), jan(13), ben, offered(nil), RemedyNotApproved},
		{"money not approved", proposed, jan(13), ben, offered(nil), RemedyNotApproved},
		{"twice", then(approved, offer(proposal(), jan(10))), jan(13), ben, offered(nil), RemedyStateCode},
		{"again after it lapsed", then(approved, lapsing), jan(13), ben, offered(nil), ""},
		{"no amount", approved, jan(13), ben, offered(func(e *RemedyOffered) { e.Amount = 0 }), AmountRequired},
		{"another amount", approved, jan(13), ben, offered(func(e *RemedyOffered) { e.Amount = 25000 }), AmountChanged},
		{"another type", approved, jan(13), ben, offered(func(e *RemedyOffered) { e.Type = "goodwill" }), BadValueCode},
		{"over the limit of the case meanwhile", then(small, second, by(olu, func() Event {
			e := approval(olu, RoleServiceManager, "L1", 20000, jan(10))
			e.RemedyID = "second"
			return e
		}()), offer(second, jan(10))), jan(13), ben, offered(nil), LimitExceeded},
		{"nothing upheld", approved, jan(13), ben, offered(func(e *RemedyOffered) { e.IssueIDs = []Label{"calls"} }), NoUpheldIssue},
		{"in the name of an ombudsman who never had it", investigated1(), jan(13), ben, offered(func(e *RemedyOffered) {
			e.Origin = OriginOmbudsman
		}), BadValueCode},
		{"for an ombudsman", then(answered1(), ReferredToOmbudsman{Body: "LGSCO", ReferredAt: jan(21)}), jan(22), ben, with(DecideOfferRemedy,
			offer(proposal(), jan(22)), func(e *RemedyOffered) { e.Origin = OriginOmbudsman }), ""},
		{"too late to deliver", approved, jan(13), ben, offered(func(e *RemedyOffered) { e.DeliverBy = NewDate(2025, 1, 12) }), DeliverByPast},
	})
}

func TestAnswerAndDeliverRemedy(t *testing.T) {
	answer := func(change func(*AnswerRemedy)) func(Context) ([]Event, error) {
		return with(DecideAnswerRemedy, AnswerRemedy{RemedyID: "comfort", Answer: AnswerAccepted, At: jan(14), By: id(pat)}, change)
	}
	deliver := func(change func(*RemedyDelivered)) func(Context) ([]Event, error) {
		return with(DecideDeliverRemedy, RemedyDelivered{RemedyID: "comfort", DeliveredOn: NewDate(2025, 1, 15), Evidence: "slip"}, change)
	}
	apology := proposal()
	apology.RemedyID, apology.Type, apology.Amount = "sorry", "apology", 0
	approved := then(investigated1(), by(ben, proposal()), by(cara, approval(cara, RoleComplaints, "L2", 20000, jan(10))))
	offered := then(approved, offer(proposal(), jan(13)))
	accepted := then(offered, RemedyAccepted{RemedyID: "comfort", At: jan(14), By: id(pat)})
	lapsing := offer(proposal(), jan(10))
	lapsing.ResponseBy = NewDate(2025, 1, 13)
	decide(t, limits(), []decision{
		{"accepted", offered, jan(14), amina, answer(nil), ""},
		{"rejected", offered, jan(14), amina, answer(func(a *AnswerRemedy) { a.Answer = "rejected" }), ""},
		{"answered before it was offered", offered, jan(14), amina, answer(func(a *AnswerRemedy) { a.At = jan(13).Add(-1) }), OutOfOrder},
		{"answered by nobody known", offered, jan(14), amina, answer(func(a *AnswerRemedy) { a.By = id(ghost) }), BadValueCode},
		{"not offered", approved, jan(14), amina, answer(nil), RemedyStateCode},
		{"lapsed", then(approved, lapsing), jan(14), amina, answer(nil), RemedyStateCode},
		{"delivered", accepted, jan(15), amina, deliver(nil), ""},
		{"delivered after closing", then(accepted, Closed{Reason: "accepted", At: jan(15)}), jan(16), amina, deliver(nil), ""},
		{"delivered before it was accepted", accepted, jan(15), amina, deliver(func(e *RemedyDelivered) {
			e.DeliveredOn = NewDate(2025, 1, 13)
		}), OutOfOrder},
		{"without evidence", accepted, jan(15), amina, deliver(func(e *RemedyDelivered) { e.Evidence = "" }), EvidenceRequired},
		{"another amount", accepted, jan(15), amina, deliver(func(e *RemedyDelivered) { e.AmountPaid = 1 }), AmountDiffers},
		{"another amount with a note", accepted, jan(15), amina, deliver(func(e *RemedyDelivered) {
			e.AmountPaid, e.Note = 15000, Plain("set off")
		}), ""},
		{"money not accepted", offered, jan(15), amina, deliver(nil), RemedyStateCode},
		{
			"an apology needs no acceptance", then(investigated1(), offer(apology, jan(13))), jan(15), amina,
			deliver(func(e *RemedyDelivered) { e.RemedyID = "sorry" }), "",
		},
		{"no such remedy", investigated1(), jan(15), amina, deliver(nil), RemedyStateCode},
	})
	if r := given(t, then(accepted, RemedyDelivered{RemedyID: "comfort", DeliveredOn: NewDate(2025, 1, 15)})...).Remedy("comfort"); r.Paid != 20000 {
		t.Errorf("paid %d", r.Paid)
	}
}

func TestReferToOmbudsman(t *testing.T) {
	refer := func(change func(*ReferredToOmbudsman)) func(Context) ([]Event, error) {
		return with(DecideReferToOmbudsman, ReferredToOmbudsman{Body: "LGSCO", ReferredAt: jan(22), By: "complainant"}, change)
	}
	with := then(answered1(), ReferredToOmbudsman{Body: "LGSCO", ReferredAt: jan(21)})
	closed := then(answered1(), Closed{Reason: "exhausted", At: jan(21)})
	decide(t, Settings{}, []decision{
		{"accepted", answered1(), jan(22), amina, refer(nil), ""},
		{"from closed", closed, jan(22), amina, refer(nil), ""},
		{"early", answered1(), jan(22), amina, refer(func(e *ReferredToOmbudsman) { e.Early = true }), EarlyNotAgreed},
		{"twice", with, jan(22), amina, refer(nil), AlreadyWithBody},
		{"to another", with, jan(22), amina, refer(func(e *ReferredToOmbudsman) { e.Body = "HOS" }), ""},
		{"unknown issue", answered1(), jan(22), amina, refer(func(e *ReferredToOmbudsman) { e.Issues = []Label{"roof"} }), BadValueCode},
	})
	c := given(t, then(closed, ReferredToOmbudsman{Body: "LGSCO", ReferredAt: jan(22)})...)
	if c.Status != StatusOpen || c.Stage != StageOmbudsman || c.Step != StepWithOmbudsman || c.Ombudsman.FromReason != "exhausted" {
		t.Errorf("referred from closed: %s %s %s, was %s", c.Status, c.Stage, c.Step, c.Ombudsman.FromReason)
	}
}

func TestWithdrawCase(t *testing.T) {
	withdraw := func(change func(*Withdrawn)) func(Context) ([]Event, error) {
		return with(DecideWithdrawCase, Withdrawn{By: id(pat), At: jan(10)}, change)
	}
	decide(t, Settings{}, []decision{
		{"accepted", []Event{received1()}, jan(10), amina, withdraw(nil), ""},
		{"before the receipt", []Event{received1()}, jan(7), amina, withdraw(func(e *Withdrawn) { e.At = jan(6).Add(-1) }), OutOfOrder},
		{"by nobody known", []Event{received1()}, jan(10), amina, withdraw(func(e *Withdrawn) { e.By = id(ghost) }), BadValueCode},
		{"closed", []Event{received1(), Withdrawn{At: jan(9)}}, jan(10), amina, withdraw(nil), CaseClosed},
	})
	if c := given(t, received1(), Withdrawn{At: jan(9), ContinueInternally: true}); c.Status != StatusOpen || c.WithdrawnAt.IsZero() {
		t.Errorf("withdrawn and continued: %s", c.Status)
	}
	if c := given(t, received1(), Withdrawn{At: jan(9)}); c.Status != StatusClosed || c.ClosedReason != ReasonWithdrawn {
		t.Errorf("withdrawn: %s %s", c.Status, c.ClosedReason)
	}
}

func TestCloseCase(t *testing.T) {
	closing := func(reason ClosedReason) func(Context) ([]Event, error) {
		return with(DecideCloseCase, Closed{Reason: reason, At: jan(22)}, nil)
	}
	apology := proposal()
	apology.Type, apology.Amount = "apology", 0
	owing := then(answered1(), offer(apology, jan(20)))
	lapsing := offer(apology, jan(20))
	lapsing.ResponseBy = NewDate(2025, 1, 21)
	decide(t, Settings{}, []decision{
		{"answered", answered1(), jan(22), cara, closing("accepted"), ""},
		{"unanswered, accepted", investigated1(), jan(22), cara, closing("accepted"), ResponseOutstanding},
		{"unanswered, exhausted", investigated1(), jan(22), cara, closing("exhausted"), ResponseOutstanding},
		{"unanswered, not eligible", investigated1(), jan(22), cara, closing("not_eligible"), ""},
		{"stage 2 unanswered", then(answered1(), escalated(jan(21))), jan(22), cara, closing("no_further_contact"), ResponseOutstanding},
		{"remedy undelivered", owing, jan(22), cara, closing("no_further_contact"), RemedyOutstanding},
		{"remedy undelivered, a duplicate", owing, jan(22), cara, closing("duplicate"), ""},
		{"remedy lapsed", then(answered1(), lapsing), jan(22), cara, closing("no_further_contact"), ""},
		{"before the answer", answered1(), jan(20), cara, with(DecideCloseCase, Closed{Reason: "accepted", At: jan(20).Add(-1)}, nil), OutOfOrder},
		{"closed", then(answered1(), Closed{Reason: "exhausted", At: jan(21)}), jan(22), cara, closing("accepted"), CaseClosed},
	})
}
