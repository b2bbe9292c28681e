package notify

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"redress/domain"
	"redress/eventstore"
)

// Message is what the outside learns of one event: ids, names of types, dates and positions. It has no field that could
// hold anything personal. Whoever needs more reads the event from the log, with the rights for it.
type Message struct {
	EventID       uuid.UUID    `json:"event_id"`
	Type          string       `json:"type"`
	SchemaVersion int          `json:"schema_version"`
	Tenant        string       `json:"tenant"`
	Stream        string       `json:"stream"`
	Revision      uint64       `json:"revision"`
	Position      uint64       `json:"position"`
	OccurredAt    time.Time    `json:"occurred_at"` // UTC
	RecordedAt    time.Time    `json:"recorded_at"` // UTC
	Procedure     string       `json:"procedure,omitzero"`
	Stage         string       `json:"stage,omitzero"`
	WayIn         domain.WayIn `json:"way_in"`
	CorrelationID uuid.UUID    `json:"correlation_id,omitzero"`
	CausationID   uuid.UUID    `json:"causation_id,omitzero"`
}

func messageOf(tenant string, r eventstore.Record) Message {
	return Message{
		EventID: r.ID, Type: r.Type, SchemaVersion: r.Meta.SchemaVersion, Tenant: tenant,
		Stream: r.Stream, Revision: r.Revision, Position: r.Position,
		OccurredAt: r.Meta.OccurredAt.UTC(), RecordedAt: r.Meta.RecordedAt.UTC(),
		Procedure: r.Meta.Procedure, Stage: r.Meta.Stage, WayIn: r.Meta.WayIn,
		CorrelationID: r.Meta.CorrelationID, CausationID: r.Meta.CausationID,
	}
}

// published reports whether the events of a stream are for the outside at all: who looked at what, and what people said
// of themselves for equality's sake, is not.
func published(stream string) bool {
	return !strings.HasPrefix(stream, "access-") && !strings.HasPrefix(stream, "equality-")
}

// positionHeader is the CloudEvents extension that holds the event's place in the log, so that a stream's last message
// says how far the stream goes.
const positionHeader = "ce-position"

// nats makes the message in CloudEvents' binary form: the attributes in headers, the ids and dates in the body. The event
// id is the message id, by which JetStream and receivers know a repetition.
func (m Message) nats() (*nats.Msg, error) {
	body, err := json.Marshal(m, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("message of event %s: %w", m.EventID, err)
	}
	msg := nats.NewMsg(subject(m.Tenant, m.Procedure, m.Type))
	msg.Data = body
	for name, value := range map[string]string{
		"ce-specversion":     "1.0",
		"ce-id":              m.EventID.String(),
		"ce-type":            m.Type,
		"ce-source":          m.source(),
		"ce-subject":         m.Stream,
		"ce-time":            m.OccurredAt.Format(time.RFC3339Nano),
		"ce-datacontenttype": "application/json",
		positionHeader:       strconv.FormatUint(m.Position, 10),
	} {
		msg.Header.Set(name, percent(value, headerSafe))
	}
	msg.Header.Set(jetstream.MsgIDHeader, m.EventID.String())
	return msg, nil
}

// cloudEvent is a message in CloudEvents' structured form, as webhooks get it.
type cloudEvent struct {
	SpecVersion     string    `json:"specversion"`
	ID              uuid.UUID `json:"id"`
	Type            string    `json:"type"`
	Source          string    `json:"source"`
	Subject         string    `json:"subject"`
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	Data            Message   `json:"data"`
}

func (m Message) structured() ([]byte, error) {
	return json.Marshal(cloudEvent{
		SpecVersion: "1.0", ID: m.EventID, Type: m.Type, Source: m.source(), Subject: m.Stream, Time: m.OccurredAt,
		DataContentType: "application/json", Data: m,
	}, json.Deterministic(true))
}

func (m Message) source() string { return "/redress/" + m.Tenant }

// subject returns redress.<tenant>.<procedure>.<EventType>. The procedure goes without its version, and is _ where there
// is none.
func subject(tenant, procedure, eventType string) string {
	id, _, _ := strings.Cut(procedure, "@")
	token := "_"
	if id != "" {
		token = percent(id, tokenSafe)
		if token == "_" {
			token = "%5F"
		}
	}
	return "redress." + tenant + "." + token + "." + percent(eventType, tokenSafe)
}

// tokenSafe reports whether a byte may stand in one token of a subject. Different names stay different.
func tokenSafe(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '-' || b == '_'
}

// headerSafe reports whether CloudEvents lets a byte stand in a header as it is.
func headerSafe(b byte) bool { return 0x21 <= b && b <= 0x7e && b != '"' && b != '%' }

// percent writes every byte that is not safe as %XX.
func percent(s string, safe func(byte) bool) string {
	var out strings.Builder
	for i := range len(s) {
		if safe(s[i]) {
			out.WriteByte(s[i])
			continue
		}
		fmt.Fprintf(&out, "%%%02X", s[i])
	}
	return out.String()
}
