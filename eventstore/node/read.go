package node

import (
	"context"
	"fmt"
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
	formless  bool // the form of ids is not chosen
	positions bool // the client knows messages with first and last positions
	links     bool // links are followed
}

// planRead checks the options. What a real server does not know as a combination is an invalid argument.
func planRead(o *streams.ReadReq_Options) (*readPlan, error) {
	if err := combination(o); err != nil {
		return nil, err
	}
	p := &readPlan{
		backwards: o.GetReadDirection() == streams.ReadReq_Options_Backwards,
		positions: o.GetControlOption().GetCompatibility() >= 1,
		links:     o.GetResolveLinks(),
		count:     o.GetCount(),
		subscribe: o.GetSubscription() != nil,
		formless:  o.GetUuidOption() == nil,
	}
	_, p.stringIDs = o.GetUuidOption().GetContent().(*streams.ReadReq_Options_UUIDOption_String_)
	var err error
	if source, ok := o.GetStreamOption().(*streams.ReadReq_Options_Stream); ok {
		err = p.fromStream(source.Stream)
	} else {
		err = p.fromAll(o.GetAll())
	}
	if chosen, ok := o.GetFilterOption().(*streams.ReadReq_Options_Filter); ok && err == nil {
		p.filter, err = newFilter(chosen.Filter, p.subscribe)
	}
	if at := o.GetAll().GetPosition(); err == nil && at.GetCommitPosition() == math.MaxUint64 && at.GetPreparePosition() != math.MaxUint64 {
		err = p.halfEnd()
	}
	return p, err
}

// halfEnd answers what a position is whose commit alone says "the end": none.
func (p *readPlan) halfEnd() error {
	switch {
	case p.subscribe:
		return errHandler
	case p.filter != nil:
		return errFilteredReadResult
	default:
		return errAllResult
	}
}

// combination checks that the options say what is read and go together. The text is a real server's.
func combination(o *streams.ReadReq_Options) error {
	source, count, filter := "Stream", "None", "None"
	switch o.GetStreamOption().(type) {
	case *streams.ReadReq_Options_Stream:
	case *streams.ReadReq_Options_All:
		source = "All"
	default:
		return notSet("ReadReq", "StreamOption")
	}
	switch o.GetCountOption().(type) {
	case *streams.ReadReq_Options_Count:
		count = "Count"
	case *streams.ReadReq_Options_Subscription:
		count = "Subscription"
	}
	switch o.GetFilterOption().(type) {
	case *streams.ReadReq_Options_NoFilter:
		filter = "NoFilter"
	case *streams.ReadReq_Options_Filter:
		filter = "Filter"
	}
	direction := o.GetReadDirection()
	switch {
	case count == "None", filter == "None":
	case source == "Stream" && filter == "Filter":
	case count == "Subscription" && direction != streams.ReadReq_Options_Forwards:
	case direction != streams.ReadReq_Options_Forwards && direction != streams.ReadReq_Options_Backwards:
	default:
		return nil
	}
	return invalid(fmt.Sprintf("The combination of (%s, %s, %s, %s) is invalid.", source, count, direction, filter))
}

func (p *readPlan) fromStream(o *streams.ReadReq_Options_StreamOptions) error {
	p.stream = nameOf(o.GetStreamIdentifier())
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
		return errHandler
	}
	switch {
	case p.stream == "":
		return errHandler
	case p.subscribe && p.origin == fromValue && p.value == math.MaxInt64:
		return errHandler // there is no revision after it
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
		switch {
		case commit < prepare, beyond(commit), beyond(prepare):
			return errHandler
		case commit == math.MaxUint64:
			p.origin = fromEnd
		default:
			p.origin, p.value = fromValue, commit
		}
	default:
		return errHandler
	}
	return nil
}

// beyond says whether a number is neither a position nor the largest number there is, which stands for the end.
func beyond(position uint64) bool { return position > math.MaxInt64 && position != math.MaxUint64 }

// Read serves counted reads and subscriptions, of one stream or of all.
func (s *streamsServer) Read(request *streams.ReadReq, call streams.Streams_ReadServer) error {
	if request.Options == nil {
		return errHandler
	}
	p, err := planRead(request.Options)
	if err != nil {
		return err
	}
	r := &reader{node: s.node, log: s.node.log, plan: p, call: call, ctx: call.Context()}
	r.cursor = cursor{log: r.log, ahead: oneRecord}
	r.linked = r.cursor
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
	linked cursor // for what links name
	live   bool   // a subscription that has caught up
}

// pageSize is how many events of a stream are looked up in the index at once.
const pageSize = 256

// readStream serves a counted read of one stream, as it was when the read began.
func (r *reader) readStream() error {
	p := r.plan
	h, ok, ended, err := r.log.standing(&r.cursor, p.stream)
	if err != nil {
		return err
	}
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
	first, err := r.log.visible(&r.cursor, p.stream, h, m)
	if err != nil {
		return err
	}
	for _, at := range p.elsewhere(first, uint64(h.next)) {
		if err := r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_FirstStreamPosition{FirstStreamPosition: at}}); err != nil {
			return err
		}
	}
	if low, high := p.span(first, uint64(h.next)); low < high {
		if err := r.sendRevisions(h, uint32(low), uint32(high)); err != nil {
			return err
		}
	}
	if p.positions {
		last := uint64(h.next) - 1
		return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_LastStreamPosition{LastStreamPosition: last}})
	}
	return nil
}

// span answers what a counted read delivers of a stream that shows the revisions first to next-1: low to high-1.
func (p *readPlan) span(first, next uint64) (low, high uint64) {
	low, high = first, next
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
		return low, high
	}
	if p.origin == fromValue {
		low = max(low, p.value)
	}
	if low < high && high-low > p.count {
		high = low + p.count
	}
	return low, high
}

// elsewhere answers where a read forwards of a stream that shows the revisions first to next-1 goes on while it has found
// nothing where it was to begin, for clients that ask for it. A real server reads pages of 32, the second of them where the
// first event shown would be, and says so after each one that is empty and does not begin where the next one will.
func (p *readPlan) elsewhere(first, next uint64) []uint64 {
	if p.backwards || !p.positions {
		return nil
	}
	const serverPage = 32
	var all []uint64
	from := p.value
	if from+min(p.count, serverPage)-1 < first {
		from = first
		all = append(all, from)
	}
	if max(from, first) >= next && from != next {
		all = append(all, next)
	}
	return all
}

// sendRevisions sends the revisions low to high-1 of the stream with head h in the direction asked for.
func (r *reader) sendRevisions(h head, low, high uint32) error {
	for low < high {
		n := min(high-low, pageSize)
		first := low
		if r.plan.backwards {
			first = high - n
			high = first
		} else {
			low += n
		}
		places, err := r.cursor.page(h, first, n)
		if err != nil {
			return err
		}
		for i := range n {
			if r.plan.backwards {
				i = n - 1 - i
			}
			rec, at, err := r.cursor.revision(places[i], r.plan.stream, uint64(first+i))
			if err != nil {
				return err
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
		from, err := r.cursor.from(p.value)
		if err != nil {
			return err
		}
		next = min(end, from)
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

// send sends one event. It blocks while the client takes none. One who has not chosen a form of ids gets no event: a real
// server is silent for ever then.
func (r *reader) send(rec *record, at int) error {
	if r.plan.formless {
		return invalid("the form of ids is not set")
	}
	answer := &streams.ReadResp_ReadEvent{
		Event:    r.recorded(rec, at),
		Position: &streams.ReadResp_ReadEvent_CommitPosition{CommitPosition: rec.eventPosition(at)},
	}
	if e := &rec.events[at]; r.plan.links && e.kind == linkType {
		if err := r.resolve(answer, e.data); err != nil {
			return err
		}
	}
	return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_Event{Event: answer}})
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
