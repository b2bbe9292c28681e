package domain

import (
	"fmt"
	"time"
)

// ReferencesReserved records that one process has taken a block of the year's case numbers. Whoever appends it, by exact
// revision, owns the block; what a process does not use is lost, and gaps are normal.
type ReferencesReserved struct {
	From int `json:"from" doc:"the first number of the block"`
	To   int `json:"to" doc:"the last number of the block"`
}

// Schema names the event.
func (ReferencesReserved) Schema() (string, int) { return "ReferencesReserved", 1 }

// References is the folded stream of one year's reserved case numbers.
type References struct {
	Last   int    // the highest number that is reserved; 0 at first
	Events uint64 // how many blocks, and so the stream's next revision
}

// Apply adds the next event of the stream. An event of another stream, or out of its place, is an error.
func (s *References) Apply(r Recorded) error {
	block, ok := r.Event.(ReferencesReserved)
	if !ok {
		return misplaced(r, "references")
	}
	if r.Revision != s.Events {
		return gap(r, s.Events)
	}
	s.Last, s.Events = max(s.Last, block.To), s.Events+1
	return nil
}

// Reserve returns the next block of n numbers. It is ours once it stands in the log.
func (s *References) Reserve(n int) ReferencesReserved {
	return ReferencesReserved{From: s.Last + 1, To: s.Last + n}
}

// Reference writes a case reference, PREFIX-yyyy-nnnnnn.
func Reference(prefix Label, year, number int) string {
	return fmt.Sprintf("%s-%04d-%06d", prefix, year, number)
}

// ReferenceStream returns the name of the stream of a tenant's numbers for the London year of the given moment, and that
// year.
func ReferenceStream(tenant string, at time.Time) (stream string, year int) {
	year = at.In(London).Year()
	return fmt.Sprintf("refs-%s-%04d", tenant, year), year
}
