package domain

import (
	"time"

	"github.com/google/uuid"
)

// Event is one fact of a stream. A type that implements it knows its permanent name in the log and the version of its
// shape, and nothing else of the log; who, when and why stand in [Metadata].
type Event interface {
	// Schema returns the event's name in the log (permanent) and the version of the shape that this type writes.
	Schema() (name string, version int)
}

// Timed is an event that says itself when it happened.
type Timed interface {
	// When returns the instant at which the fact happened, or the zero time when the event carries none.
	When() time.Time
}

// Metadata is the envelope of every event (specification § 5.2). It holds no personal data in clear.
type Metadata struct {
	EventID       uuid.UUID `json:"event_id"`
	Type          string    `json:"type"`
	SchemaVersion int       `json:"schema_version"`
	Tenant        string    `json:"tenant"`
	OccurredAt    time.Time `json:"occurred_at"` // when it happened, UTC
	RecordedAt    time.Time `json:"recorded_at"` // when it was stored, UTC; never goes back within a stream
	ActorID       string    `json:"actor_id"`    // a person id, `operator:<uid>` or `system`
	ActorRole     string    `json:"actor_role"`
	OnBehalfOf    string    `json:"on_behalf_of,omitzero"`
	WayIn         WayIn     `json:"way_in"`
	CommandID     uuid.UUID `json:"command_id"`
	CorrelationID uuid.UUID `json:"correlation_id"`
	CausationID   uuid.UUID `json:"causation_id"`
	// BodyMAC is the keyed digest of the command's body, by which a repeated command id with another body is told.
	BodyMAC []byte `json:"body_mac,omitzero"`
	// ConfigRevision is the revision of the config stream under which the command was decided.
	ConfigRevision uint64 `json:"config_revision"`
	Procedure      string `json:"procedure,omitzero"` // id@version bound to the case
	Stage          string `json:"stage,omitzero"`     // the case's stage when the event was appended
	// PIIKeys are the ids of the keys that seal the event's personal fields.
	PIIKeys        []uuid.UUID `json:"pii_keys"`
	BackdateReason Personal    `json:"backdate_reason,omitzero"`
	Bootstrap      bool        `json:"bootstrap,omitzero"` // appended by the first start, or before an approver existed
	LegacyNotes    []string    `json:"legacy_exception,omitzero"`
	// SourceRow names the row of an import from which the event came.
	SourceRow *SourceRow `json:"source_row,omitzero"`
}

// ids returns every id of who acted: the actor's, and the id whose rights counted where that is another.
func (m *Metadata) ids() []string {
	if m.OnBehalfOf == "" || m.OnBehalfOf == m.ActorID {
		return []string{m.ActorID}
	}
	return []string{m.ActorID, m.OnBehalfOf}
}

// Recorded is an event as it stands in the log.
type Recorded struct {
	Event    Event
	Meta     Metadata
	Stream   string
	Revision uint64 // its place in the stream, from 0
	Position uint64 // its place in the whole log
}

// WayIn names the door by which a command came.
type WayIn string

// The ways in.
const (
	ViaWeb     WayIn = "web"
	ViaAPI     WayIn = "api"
	ViaCLI     WayIn = "cli"
	ViaImport  WayIn = "import"
	ViaProcess WayIn = "process"
	ViaDemo    WayIn = "demo"
	ViaStory   WayIn = "story"
)

// Silent reports whether what came this way is never sent to anybody outside: histories that were imported or invented.
func (w WayIn) Silent() bool { return w == ViaImport || w == ViaDemo || w == ViaStory }

// CaseStream returns the name of a case's stream.
func CaseStream(id uuid.UUID) string { return "complaint-" + id.String() }

// PersonStream returns the name of a person's stream.
func PersonStream(id uuid.UUID) string { return "person-" + id.String() }

// LearningStream returns the name of a learning action's stream.
func LearningStream(id uuid.UUID) string { return "learning-" + id.String() }

// ConfigStream returns the name of a tenant's config stream.
func ConfigStream(tenant string) string { return "config-" + tenant }
