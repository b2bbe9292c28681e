package readtest

import (
	"fmt"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// AppendRaw appends an event whose bytes nobody has looked at, past the event store's
// codec, and returns its position.
func (c *Council) AppendRaw(stream, eventType string, data []byte) uint64 {
	c.T.Helper()
	config, err := esdb.ParseConnectionString("esdb://localhost?tls=false")
	c.must(err)
	config.Address, config.Logger = c.Node.Socket(), esdb.NoopLogging()
	client, err := esdb.NewClient(config)
	c.must(err)
	defer client.Close()
	id := uuid.New()
	result, err := client.AppendToStream(c.T.Context(), stream,
		esdb.AppendToStreamOptions{ExpectedRevision: esdb.Revision(c.next[stream] - 1)}, esdb.EventData{
			EventID: id, EventType: eventType, ContentType: esdb.ContentTypeJson, Data: data,
			Metadata: fmt.Appendf(nil, `{"event_id":%q,"type":%q,"schema_version":1}`, id, eventType),
		})
	c.must(err)
	c.next[stream]++
	return result.CommitPosition
}
