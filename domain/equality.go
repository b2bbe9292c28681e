package domain

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// EqualityAnswered records what somebody answered to the voluntary questions on equality. It holds neither case nor person
// nor a time finer than the quarter, and stands in a stream that decides nothing.
type EqualityAnswered struct {
	Kind    Kind             `json:"kind" rule:"required" doc:"the kind of feedback"`
	Service Term             `json:"service" rule:"required" doc:"the service that it was about"`
	Channel Channel          `json:"channel" rule:"required" doc:"how it came"`
	Answers []EqualityAnswer `json:"answers" rule:"required" doc:"the questions that were answered"`
}

// Schema names the event.
func (EqualityAnswered) Schema() (string, int) { return "EqualityAnswered", 1 }

// EqualityAnswer is the answer to one question.
type EqualityAnswer struct {
	Question Term `json:"question" rule:"required" doc:"the question, as a code"`
	Answer   Term `json:"answer" rule:"required" doc:"the answer, as a code"`
}

// RecordEqualityAnswers is the command that brings a quarter's answers into the log, all at once and after the quarter.
// Until then whoever collects them keeps them outside.
type RecordEqualityAnswers struct {
	Year    int                `json:"year" rule:"required" doc:"in which the financial year begins"`
	Quarter int                `json:"quarter" rule:"required" doc:"1 (April to June) to 4 (January to March)"`
	Answers []EqualityAnswered `json:"answers" rule:"required" doc:"what each person answered; where one stands in the list is forgotten"`
}

// Of returns the quarter whose answers they are.
func (a RecordEqualityAnswers) Of() Quarter { return Quarter{Year: a.Year, Number: a.Quarter} }

// Quarter is a quarter of a financial year: the first of 2025 is April to June 2025, the last January to March 2026.
type Quarter struct {
	Year   int // in which the financial year begins
	Number int // 1 to 4
}

// QuarterOf returns the quarter to which a day belongs.
func QuarterOf(d Date) Quarter {
	year, month, _ := d.Midnight().In(London).Date()
	n := (int(month) + 8) / 3 % 4
	if n == 3 { // January to March
		year--
	}
	return Quarter{Year: year, Number: n + 1}
}

// End returns the first instant after the quarter.
func (q Quarter) End() time.Time {
	return NewDate(q.Year, time.Month(4+3*q.Number), 1).Midnight()
}

// EqualityStream returns the name of the stream of a quarter's answers.
func EqualityStream(tenant string, q Quarter) string {
	return fmt.Sprintf("equality-%s-%04d-q%d", tenant, q.Year, q.Number)
}

// EqualityQuarter is the folded stream of a quarter's answers. All that is decided from it is whether it is there.
type EqualityQuarter struct {
	Events uint64
}

// Apply adds the next event of the stream. An event of another stream, or out of its place, is an error.
func (q *EqualityQuarter) Apply(r Recorded) error {
	if _, ok := r.Event.(EqualityAnswered); !ok {
		return misplaced(r, "equality")
	}
	if r.Revision != q.Events {
		return gap(r, q.Events)
	}
	q.Events++
	return nil
}

// DecideRecordEqualityAnswers answers with an [EqualityAnswered] for each person. They stand in an order that follows from
// what was answered, so that it tells nothing of who came first. Before the quarter is over it is FUTURE_DATED; a quarter
// whose answers are in the log is BAD_VALUE. Rejects with UNKNOWN_CODE where the council has adopted a list of services.
func DecideRecordEqualityAnswers(ctx Context, a RecordEqualityAnswers) ([]Event, error) {
	switch {
	case a.Quarter < 1 || a.Quarter > 4:
		return nil, BadValue("quarter", "1 to 4")
	case a.Year < 2000 || a.Year > 9999:
		return nil, BadValue("year", "a year of four digits from 2000 on")
	case ctx.Now.Before(a.Of().End()):
		return nil, Reject(FutureDated, "the quarter is not over")
	case ctx.Equality != nil:
		return nil, BadValue("quarter", "one whose answers are not in the log")
	case len(a.Answers) == 0:
		return nil, BadValue("answers", "those of at least one person")
	}
	for i, answered := range a.Answers {
		if err := listed(indexed("answers", i)+".service", answered.Service, ctx.Config.Settings.Codes.Service); err != nil {
			return nil, err
		}
	}
	events := make([]Event, len(a.Answers))
	for i, answered := range a.Sorted() {
		events[i] = answered
	}
	return events, nil
}

// Sorted returns the answers in the order in which they stand in the log.
func (a RecordEqualityAnswers) Sorted() []EqualityAnswered {
	return slices.SortedFunc(slices.Values(a.Answers), EqualityAnswered.compare)
}

// Equal reports whether two people have answered alike.
func (e EqualityAnswered) Equal(o EqualityAnswered) bool { return e.compare(o) == 0 }

// compare orders by content, and only alike answers are equal.
func (e EqualityAnswered) compare(o EqualityAnswered) int {
	return cmp.Or(
		cmp.Compare(e.Kind, o.Kind), cmp.Compare(e.Service, o.Service), cmp.Compare(e.Channel, o.Channel),
		slices.CompareFunc(e.Answers, o.Answers, func(a, b EqualityAnswer) int {
			return cmp.Or(cmp.Compare(a.Question, b.Question), cmp.Compare(a.Answer, b.Answer))
		}),
	)
}
