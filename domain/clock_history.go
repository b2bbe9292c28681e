package domain

import "time"

// History is what the clock engine knows of a case: a case's stream, stripped to the moments that start, stop, pause,
// reset, extend and end clocks. Its lists are in the order of the stream.
type History struct {
	Kind       string         // the kind of feedback, for clocks of some kinds only
	Conditions []string       // the conditions flagged on the case, for clocks that run only on one
	Entries    []StageEntry   // each way into a stage of the procedure
	Moments    []Moment       // events that may start or stop a clock
	Pauses     []Pause        // every pause of the whole case, open ones included
	Resets     []Reset        // the answers that start clocks anew
	Extensions []Postponement // accepted moves of due dates
	// Lawful are the moments that were corrected, by their place in the stream, as the clocks of basis law know them.
	Lawful     map[uint64]Moment
	Endings    []CaseEnding // each closing, withdrawal that closes, redirection, refusal or reclassification
	ImportedAt time.Time    // when the case was imported; zero when it was received here
}

// StageEntry is one way into a stage.
type StageEntry struct {
	Stage string
	At    time.Time // when it was asked for or received; zero when an import cannot say
	Seq   uint64    // the event's place in the stream
}

// Moment is one event that may start or stop clocks. An allocation that a reclassification made void is left out; so is
// a response that only revises another, and a panel that was adjourned.
type Moment struct {
	Event string // its name, as in Acknowledged
	Stage string // the stage that it names (for Escalated the stage entered), or at which it happened; may be empty
	Kind  string // of InformationRequested and InformationReceived
	At    time.Time
	Seq   uint64 // the event's place in the stream
	// Fields holds those of its instants that differ from At, by field name (received_at of PanelReported).
	Fields map[string]time.Time
}

// The kinds of pause, as procedures name them.
const (
	PauseSuspension    = "suspension"
	PauseConsent       = "consent"
	PauseClarification = "clarification"
	PauseFeeNotice     = "fee_notice"
)

// Pause is a time in which some clocks stand still. It covers each day from the first to the last, both included.
type Pause struct {
	Kind     string    `json:"kind"`
	From     Date      `json:"from"`
	To       Date      `json:"to,omitzero"` // zero while it is open
	Recorded time.Time `json:"recorded"`    // when its beginning was recorded
}

// Reset is the answer that starts a clock anew.
type Reset struct {
	Kind string
	At   time.Time
}

// Postponement is one accepted move of a due date.
type Postponement struct {
	Clock  string `json:"clock"`
	NewDue Date   `json:"new_due"`
	// Recorded is the moment by which it is judged: when it was recorded, and for an imported one when notice was given.
	Recorded time.Time `json:"recorded"`
}

// CaseEnding ends the clocks that are open at its moment. It reaches the stages that were entered before it in the stream.
type CaseEnding struct {
	At  time.Time
	Seq uint64
}
