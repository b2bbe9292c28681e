package domain

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

func enquired(kind EnquiryKind, when time.Time) InformationRequested {
	return InformationRequested{Kind: kind, AskedAt: when, Text: Plain("which year?"), From: Correspondent(pat.String())}
}

func informed(kind EnquiryKind, when time.Time) InformationReceived {
	return InformationReceived{Kind: kind, ReceivedAt: when, Text: Plain("2023"), From: Correspondent(pat.String())}
}

func TestInformation(t *testing.T) {
	ask := func(change func(*InformationRequested)) func(Context) ([]Event, error) {
		return with(DecideRequestInformation, enquired(EnquiryClarification, jan(8)), change)
	}
	record := func(change func(*InformationReceived)) func(Context) ([]Event, error) {
		return with(DecideRecordInformation, informed(EnquiryClarification, jan(9)), change)
	}
	open := []Event{received1()}
	waiting := then(open, enquired(EnquiryClarification, jan(8)))
	shut := then(answered1(), Closed{Reason: ReasonExhausted, At: jan(21)})
	decide(t, Settings{}, []decision{
		{"asked", open, jan(8), amina, ask(nil), ""},
		{"asked of the police", open, jan(8), amina, ask(func(e *InformationRequested) { e.From = "police" }), ""},
		{"asked of nobody known", open, jan(8), amina, ask(func(e *InformationRequested) { e.From = Correspondent(ghost.String()) }), BadValueCode},
		{"asked before the receipt", open, jan(8), amina, ask(func(e *InformationRequested) { e.AskedAt = jan(6).Add(-1) }), OutOfOrder},
		{"asked when closed", shut, jan(22), amina, ask(nil), CaseClosed},
		{"answered", waiting, jan(9), amina, record(nil), ""},
		{"answered before it was asked", waiting, jan(9), amina, record(func(e *InformationReceived) { e.ReceivedAt = jan(7) }), OutOfOrder},
		{"without a question", open, jan(9), amina, record(nil), ""},
		{"from nobody known", open, jan(9), amina, record(func(e *InformationReceived) { e.From = Correspondent(ghost.String()) }), BadValueCode},
		{"no case", nil, jan(9), amina, record(nil), CaseNotFound},
	})
}

func TestCorrespondent(t *testing.T) {
	for text, valid := range map[Correspondent]bool{
		"police": true, "complainant": true, Correspondent(uuid.NewString()): true,
		"Pat Smith": false, "pat smith": false, "": false, "Police": false,
	} {
		if text.Valid() != valid {
			t.Errorf("%q: %t", string(text), text.Valid())
		}
	}
}

// request is a request for information of a kind, received on Monday 6 January 2025.
func request(config *Config, id Label, kind Kind) Received {
	e := received1()
	e.Kind, e.ProcedureID, e.ProcedureVersion, e.Stage = kind, id, Label(config.newest(string(id)).Version), "req"
	e.Issues = nil
	return e
}

func response(t *testing.T, config *Config, c *Case, at time.Time) Clock {
	t.Helper()
	for _, k := range Clocks(config.Procedure(c.Procedure()), config.Calendar(), c.History(), at) {
		if k.ID == "req.response" {
			return k
		}
	}
	t.Fatal("there is no response clock")
	return Clock{}
}

// A question pauses the clock of a request for one's own data, and starts that of a request for information anew when it
// is answered. A question for identity makes the date provisional.
func TestQuestionsAndClocks(t *testing.T) {
	foi, sar := adopting(t, "foi"), adopting(t, "sar")
	for name, tt := range map[string]struct {
		config *Config
		first  Received
		then   []Event
		at     time.Time
		state  ClockState
		due    Date
	}{
		"FOI, asked":    {foi, request(foi, "foi", "foi_request"), []Event{enquired(EnquiryClarification, jan(8))}, jan(9), ClockPaused, 0},
		"FOI, answered": {foi, request(foi, "foi", "foi_request"), []Event{enquired(EnquiryClarification, jan(8)), informed(EnquiryClarification, jan(13))}, jan(14), ClockRunning, NewDate(2025, 2, 10)},
		"FOI, an answer to no question": {
			foi, request(foi, "foi", "foi_request"),
			[]Event{informed(EnquiryClarification, jan(13))},
			jan(14), ClockRunning, NewDate(2025, 2, 3),
		},
		"FOI, evidence":       {foi, request(foi, "foi", "foi_request"), []Event{enquired("evidence", jan(8))}, jan(9), ClockRunning, NewDate(2025, 2, 3)},
		"SAR, asked":          {sar, request(sar, "sar", "sar"), []Event{enquired(EnquiryClarification, jan(8))}, jan(9), ClockPaused, 0},
		"SAR, answered":       {sar, request(sar, "sar", "sar"), []Event{enquired(EnquiryClarification, jan(8)), informed(EnquiryClarification, jan(13))}, jan(14), ClockRunning, NewDate(2025, 2, 12)},
		"SAR, identity asked": {sar, request(sar, "sar", "sar"), []Event{enquired(EnquiryIdentity, jan(8))}, jan(9), ClockProvisional, NewDate(2025, 2, 6)},
		"SAR, identity given": {
			sar, request(sar, "sar", "sar"),
			[]Event{enquired(EnquiryIdentity, jan(8)), informed(EnquiryIdentity, jan(10))},
			jan(13), ClockRunning, NewDate(2025, 2, 10),
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := response(t, tt.config, given(t, then([]Event{tt.first}, tt.then...)...), tt.at)
			if k.State != tt.state || k.Due != tt.due {
				t.Errorf("the clock is %s, due %s", k.State, k.Due)
			}
		})
	}
}

func TestFee(t *testing.T) {
	foi := adopting(t, "foi")
	first := request(foi, "foi", "foi_request")
	notice, paid := FeeNoticeIssued{Amount: 9000, IssuedAt: jan(8)}, FeePaid{PaidAt: jan(13)}
	decideUnder(t, foi, []decision{
		{"asked", []Event{first}, jan(8), cara, with(DecideIssueFeeNotice, notice, nil), ""},
		{"asked before the receipt", []Event{first}, jan(8), cara, with(DecideIssueFeeNotice, notice, func(e *FeeNoticeIssued) { e.IssuedAt = jan(6).Add(-1) }), OutOfOrder},
		{"nothing asked", []Event{first}, jan(8), cara, with(DecideIssueFeeNotice, notice, func(e *FeeNoticeIssued) { e.Amount = 0 }), BadValueCode},
		{"paid", []Event{first, notice}, jan(13), cara, with(DecideRecordFeePayment, paid, nil), ""},
		{"paid before it was asked", []Event{first, notice}, jan(13), cara, with(DecideRecordFeePayment, paid, func(e *FeePaid) { e.PaidAt = jan(8).Add(-1) }), BackdateReason},
		{"paid unasked", []Event{first}, jan(13), cara, with(DecideRecordFeePayment, paid, nil), OutOfOrder},
		{"paid twice", []Event{first, notice, paid}, jan(13), cara, with(DecideRecordFeePayment, paid, nil), OutOfOrder},
	})
	if k := response(t, foi, given(t, first, notice), jan(9)); k.State != ClockPaused {
		t.Errorf("while the fee is unpaid the clock is %s", k.State)
	}
	// four working days do not count: 8, 9, 10 and 13 January
	if k := response(t, foi, given(t, first, notice, paid), jan(14)); k.State != ClockRunning || k.Due != NewDate(2025, 2, 7) {
		t.Errorf("when it is paid the clock is %s, due %s", k.State, k.Due)
	}
}

// Who may ask for a fee: the complaints manager, and a handler in a request for information only.
func TestFeePermissions(t *testing.T) {
	foi := adopting(t, "foi")
	for name, tt := range map[string]struct {
		first Received
		who   uuid.UUID
		code  Code
	}{
		"the handler of a request":   {request(foi, "foi", "foi_request"), amina, ""},
		"the handler of a complaint": {received1(), amina, NotPermitted},
		"the complaints manager":     {received1(), cara, ""},
		"the manager of the service": {request(foi, "foi", "foi_request"), ben, NotPermitted},
	} {
		err := Permit(at(foi, jan(8), tt.who, given(t, tt.first)), ActionFee)
		if (err == nil) != (tt.code == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
