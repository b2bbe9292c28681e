package domain

import "testing"

func TestRefuseRemedy(t *testing.T) {
	refuse := with(DecideRefuseRemedy, RemedyRefused{RemedyID: "comfort", Reason: Plain("too much")}, nil)
	proposed := then(investigated1(), by(ben, proposal()))
	refused := then(proposed, by(cara, RemedyRefused{RemedyID: "comfort"}))
	decide(t, limits(), []decision{
		{"accepted", proposed, jan(10), cara, refuse, ""},
		{"own", proposed, jan(10), ben, refuse, SelfApproval},
		{"without the right", proposed, jan(10), amina, refuse, NotPermitted},
		{"approved already", then(proposed, by(mary, approval(mary, RoleComplaints, "L2", 20000, jan(10)))), jan(10), cara, refuse, RemedyStateCode},
		{"no such remedy", investigated1(), jan(10), cara, refuse, RemedyStateCode},
		{"approved after it was refused", refused, jan(13), cara, with(DecideApproveRemedy,
			approval(cara, RoleComplaints, "L2", 20000, jan(13)), nil), RemedyStateCode},
		{"offered after it was refused", refused, jan(13), ben, with(DecideOfferRemedy, offer(proposal(), jan(13)), nil), RemedyStateCode},
		{"proposed again under the same id", refused, jan(13), ben, with(DecideProposeRemedy, proposal(), nil), RemedyStateCode},
	})
}

func TestMarkRemedyUndeliverable(t *testing.T) {
	mark := func(change func(*RemedyUndeliverable)) func(Context) ([]Event, error) {
		return with(DecideMarkRemedyUndeliverable, RemedyUndeliverable{
			RemedyID: "comfort", Reasons: Plain("the account is closed"), InformedAt: jan(15), OmbudsmanRightGiven: true,
		}, change)
	}
	other := proposal()
	other.RemedyID = "other"
	approved := then(investigated1(), by(ben, proposal()), by(cara, approval(cara, RoleComplaints, "L2", 20000, jan(10))))
	offered := then(approved, offer(proposal(), jan(13)))
	lapsing := offer(proposal(), jan(10))
	lapsing.ResponseBy = NewDate(2025, 1, 13)
	undeliverable := then(offered, RemedyUndeliverable{RemedyID: "comfort", InformedAt: jan(15)})
	decide(t, limits(), []decision{
		{"approved", approved, jan(15), amina, mark(nil), ""},
		{"offered", offered, jan(15), amina, mark(nil), ""},
		{"accepted", then(offered, RemedyAccepted{RemedyID: "comfort", At: jan(14)}), jan(15), amina, mark(nil), ""},
		{"proposed only", then(investigated1(), proposal()), jan(15), amina, mark(nil), RemedyStateCode},
		{"lapsed", then(approved, lapsing), jan(15), amina, mark(nil), RemedyStateCode},
		{"twice", undeliverable, jan(15), amina, mark(nil), RemedyStateCode},
		{"told before it was offered", offered, jan(15), amina, mark(func(e *RemedyUndeliverable) { e.InformedAt = jan(13).Add(-1) }), OutOfOrder},
		{"with an alternative", then(offered, other), jan(15), amina, mark(func(e *RemedyUndeliverable) { e.Alternative = "other" }), ""},
		{"with itself for one", offered, jan(15), amina, mark(func(e *RemedyUndeliverable) { e.Alternative = "comfort" }), BadValueCode},
		{"with an unknown one", offered, jan(15), amina, mark(func(e *RemedyUndeliverable) { e.Alternative = "other" }), BadValueCode},
		{"nothing holds the closing up", then(undeliverable, responded("s1", jan(20), ben)), jan(22), cara, with(DecideCloseCase,
			Closed{Reason: ReasonNoFurtherContact, At: jan(22)}, nil), ""},
	})
	r := given(t, then(approved, lapsing)...).Remedy("comfort")
	if r.StateOn(NewDate(2025, 1, 13)) != RemedyIsOffered || r.StateOn(NewDate(2025, 1, 14)) != RemedyIsLapsed {
		t.Errorf("the offer is %s and then %s", r.StateOn(NewDate(2025, 1, 13)), r.StateOn(NewDate(2025, 1, 14)))
	}
}
