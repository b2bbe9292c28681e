package domain

import (
	"fmt"
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

// EqualityQuarter is the folded stream of a quarter's answers. Nothing is decided from it.
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
