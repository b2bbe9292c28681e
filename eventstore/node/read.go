package node

import (
	"context"
	"math"
	"strconv"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
)

// origin is where a read begins.
type origin int

const (
	fromStart origin = iota
	fromEnd
	fromValue
)

// readPlan is a read request that makes sense.
type readPlan struct {
	all       bool
	stream    string
	origin    origin
	value     uint64 // revision or position, for fromValue
	backwards bool
	subscribe bool
	count     uint64
	filter    *filter
	stringIDs bool
	positions bool // the client knows messages with first and last positions
}

// planRead checks the options. What a real server does not know as a combination is an invalid argument.
func planRead(o *streams.ReadReq_Options) (*readPlan, error) {
	p := &readPlan{
		backwards: o.GetReadDirection() == streams.ReadReq_Options_Backwards,
		positions: o.GetControlOption().GetCompatibility() >= 1,
	}
	var err error
	switch count := o.GetCountOption().(type) {
	case *streams.ReadReq_Options_Count:
		p.count = count.Count
	case *streams.ReadReq_Options_Subscription:
		p.subscribe = true
	default:
		return nil, invalid("neither a count nor a subscription is asked for")
	}
	switch o.GetUuidOption().GetContent().(type) {
	case *streams.ReadReq_Options_UUIDOption_Structured:
	case *streams.ReadReq_Options_UUIDOption_String_:
		p.stringIDs = true
	default:
		return nil, invalid("the form of ids is not set")
	}
	switch chosen := o.GetFilterOption().(type) {
	case *streams.ReadReq_Options_NoFilter:
	case *streams.ReadReq_Options_Filter:
		if p.filter, err = newFilter(chosen.Filter, p.subscribe); err != nil {
			return nil, err
		}
	default:
		return nil, invalid("neither a filter nor no_filter is set")
	}
	switch source := o.GetStreamOption().(type) {
	case *streams.ReadReq_Options_Stream:
		err = p.fromStream(source.Stream)
	case *streams.ReadReq_Options_All:
		err = p.fromAll(source.All)
	default:
		err = invalid("neither a stream nor all is asked for")
	}
	if err == nil && p.subscribe && p.backwards {
		err = invalid("a subscription cannot go backwards")
	}
	return p, err
}

func (p *readPlan) fromStream(o *streams.ReadReq_Options_StreamOptions) error {
	p.stream = string(o.GetStreamIdentifier().GetStreamName())
	switch revision := o.GetRevisionOption().(type) {
	case *streams.ReadReq_Options_StreamOptions_Start:
		p.origin = fromStart
	case *streams.ReadReq_Options_StreamOptions_End:
		p.origin = fromEnd
	case *streams.ReadReq_Options_StreamOptions_Revision:
		p.origin, p.value = fromValue, revision.Revision
		if p.value == math.MaxUint64 {
			p.origin = fromEnd
		} else if p.value > math.MaxInt64 {
			return errHandler
		}
	default:
		return invalid("no revision is set")
	}
	switch {
	case p.stream == "":
		return errHandler
	case p.filter != nil:
		return invalid("a stream cannot be read with a filter")
	case !p.subscribe && (p.count == 0 || p.origin == fromEnd && !p.backwards):
		return errReadResult
	}
	return nil
}

func (p *readPlan) fromAll(o *streams.ReadReq_Options_AllOptions) error {
	p.all = true
	switch position := o.GetAllOption().(type) {
	case *streams.ReadReq_Options_AllOptions_Start:
		p.origin = fromStart
	case *streams.ReadReq_Options_AllOptions_End:
		p.origin = fromEnd
	case *streams.ReadReq_Options_AllOptions_Position:
		commit, prepare := position.Position.GetCommitPosition(), position.Position.GetPreparePosition()
		if commit < prepare {
			return errHandler
		}
		p.origin, p.value = fromValue, min(commit, math.MaxInt64)
	default:
		return invalid("no position is set")
	}
	return nil
}

// Read serves counted reads and subscriptions, of one stream or of all.
func (s *streamsServer) Read(request *streams.ReadReq, call streams.Streams_ReadServer) error {
	p, err := planRead(request.GetOptions())
	if err != nil {
		return err
	}
	r := &reader{node: s.node, log: s.node.log, plan: p, call: call, ctx: call.Context()}
	r.cursor = cursor{log: r.log, ahead: oneRecord}
	if p.all {
		r.cursor.ahead = manyRecords
	}
	switch {
	case p.subscribe && p.all:
		return r.followAll()
	case p.subscribe:
		return r.followStream()
	case p.all:
		return r.readAll()
	default:
		return r.readStream()
	}
}

// reader serves one read call.
type reader struct {
	node   *Node
	log    *log
	plan   *readPlan
	call   streams.Streams_ReadServer
	ctx    context.Context
	cursor cursor
	page   []uint32
}

// pageSize is how many events of a stream are looked up in the index at once.
const pageSize = 256

// readStream serves a counted read of one stream, as it was when the read began.
func (r *reader) readStream() error {
	p := r.plan
	h, ok, ended := r.log.stream(p.stream)
	if ended {
		return streamDeleted(r.ctx, p.stream)
	}
	m, _, err := r.log.metadata(&r.cursor, p.stream)
	if err != nil {
		return err
	}
	if !ok || m.deleted() {
		return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_StreamNotFound_{
			StreamNotFound: &streams.ReadResp_StreamNotFound{StreamIdentifier: identifier(p.stream)},
		}})
	}
	low, high := m.firstVisible(h.next), uint64(h.next) // revisions low to high-1 are there to be read
	if p.backwards {
		switch p.origin {
		case fromStart:
			high = min(high, 1)
		case fromValue:
			high = min(high, p.value+1)
		}
		if high > low && high-low > p.count {
			low = high - p.count
		}
	} else {
		if p.origin == fromValue {
			low = max(low, p.value)
		}
		if p.count < high-min(low, high) {
			high = low + p.count
		}
	}
	if p.positions && low >= high && p.origin == fromValue {
		first := m.firstVisible(h.next)
		if err := r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_FirstStreamPosition{FirstStreamPosition: first}}); err != nil {
			return err
		}
	}
	if low < high {
		if err := r.sendRevisions(uint32(low), uint32(high), m); err != nil {
			return err
		}
	}
	if p.positions {
		last := uint64(h.next) - 1
		return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_LastStreamPosition{LastStreamPosition: last}})
	}
	return nil
}

// sendRevisions sends the revisions low to high-1 in the direction asked for.
func (r *reader) sendRevisions(low, high uint32, m metadata) error {
	started := now()
	for low < high {
		n := min(high-low, pageSize)
		first := low
		if r.plan.backwards {
			first = high - n
			high = first
		} else {
			low += n
		}
		r.page = r.log.page(r.plan.stream, first, n, r.page[:0])
		for i := range n {
			if r.plan.backwards {
				i = n - 1 - i
			}
			rec, at, err := r.cursor.revision(r.page[i], uint64(first+i))
			if err != nil {
				return err
			}
			if m.expired(rec.created, started) {
				continue
			}
			if err := r.send(rec, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// readAll serves a counted read of the whole log. Forwards it begins with the event at the position, backwards with
// the one before it.
func (r *reader) readAll() error {
	p := r.plan
	end, _, _ := r.log.state()
	next := uint32(0)
	switch p.origin {
	case fromEnd:
		next = end
	case fromValue:
		next = min(end, r.log.from(p.value))
	}
	for left := p.count; left > 0; {
		if p.backwards {
			if next == 0 {
				return nil
			}
			next--
		} else if next >= end {
			return nil
		}
		rec, at, err := r.cursor.event(next)
		if err != nil {
			return err
		}
		if !p.backwards {
			next++
		}
		if p.filter != nil && !p.filter.matches(rec.stream, rec.events[at].kind) {
			if err := r.ended(); err != nil {
				return err
			}
			continue
		}
		if err := r.send(rec, at); err != nil {
			return err
		}
		left--
	}
	return nil
}

// ended answers why the call is over, if it is.
func (r *reader) ended() error {
	select {
	case <-r.node.refused:
		return errUnavailable
	default:
		return r.ctx.Err()
	}
}

// send sends one event. It blocks while the client takes none.
func (r *reader) send(rec *record, at int) error {
	return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_Event{Event: &streams.ReadResp_ReadEvent{
		Event:    r.recorded(rec, at),
		Position: &streams.ReadResp_ReadEvent_CommitPosition{CommitPosition: rec.eventPosition(at)},
	}}})
}

func (r *reader) recorded(rec *record, at int) *streams.ReadResp_ReadEvent_RecordedEvent {
	e := &rec.events[at]
	content := binaryContent
	if e.json {
		content = jsonContent
	}
	revision := rec.first + uint64(at)
	position := rec.eventPosition(at)
	id := structured(e.id)
	if r.plan.stringIDs {
		id = &shared.UUID{Value: &shared.UUID_String_{String_: uuid.UUID(e.id).String()}}
	}
	return &streams.ReadResp_ReadEvent_RecordedEvent{
		Id:               id,
		StreamIdentifier: identifier(rec.stream),
		StreamRevision:   revision,
		PreparePosition:  position,
		CommitPosition:   position,
		Metadata: map[string]string{
			"type":         e.kind,
			"content-type": content,
			"created":      strconv.FormatInt(rec.created, 10),
		},
		CustomMetadata: e.metadata,
		Data:           e.data,
	}
}

func identifier(stream string) *shared.StreamIdentifier {
	return &shared.StreamIdentifier{StreamName: []byte(stream)}
}
