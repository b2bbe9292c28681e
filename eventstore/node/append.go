package node

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
)

const (
	jsonContent   = "application/json"
	binaryContent = "application/octet-stream"
)

// maxAppendBytes bounds an append with all that belongs to it, where the protocol's own limit counts data only.
const maxAppendBytes = 48 << 20

// Append reads everything the client sends before it answers: a client that is answered while it still sends never sees
// the answer. What it is refused for is the first thing that is wrong, in the order in which it was sent.
func (s *streamsServer) Append(call streams.Streams_AppendServer) error {
	ctx := call.Context()
	request, err := s.receiveAppend(call)
	if err != nil {
		return err
	}
	if request.refusal != nil {
		return request.refusal(ctx)
	}
	p := &request.proposal
	if p.stream == "" || p.stream == metastreamPrefix { // no name, and the metadata of what has none
		return errHandler
	}
	d, err := s.node.append(ctx, p)
	if err != nil {
		return err
	}
	switch d.verdict {
	case verdictDeleted:
		return streamDeleted(ctx, p.stream)
	case verdictWrongRevision:
		return call.SendAndClose(&streams.AppendResp{Result: &streams.AppendResp_WrongExpectedVersion_{
			WrongExpectedVersion: wrongVersion(p.expected, request.byNumber, d.current),
		}})
	}
	success := &streams.AppendResp_Success{
		CurrentRevisionOption: &streams.AppendResp_Success_NoStream{NoStream: &shared.Empty{}},
		PositionOption:        &streams.AppendResp_Success_NoPosition{NoPosition: &shared.Empty{}},
	}
	if d.position != nowhere {
		success.PositionOption = &streams.AppendResp_Success_Position{Position: &streams.AppendResp_Position{
			CommitPosition: d.position, PreparePosition: d.position,
		}}
	}
	if d.current >= 0 {
		success.CurrentRevisionOption = &streams.AppendResp_Success_CurrentRevision{CurrentRevision: uint64(d.current)}
	}
	return call.SendAndClose(&streams.AppendResp{Result: &streams.AppendResp_Success_{Success: success}})
}

// mayAppend says whether clients may write to the stream. System streams, metadata among them, are written in test
// mode only.
func (n *Node) mayAppend(stream string) bool {
	return n.opts.TestMode || !strings.HasPrefix(stream, "$")
}

// appendRequest is what a client has sent: a proposal, or the reason to refuse it, answered once all has been read.
type appendRequest struct {
	proposal proposal
	byNumber bool // a revision was expected, be it the number that stands for no stream
	refusal  func(context.Context) error
	data     int // bytes of data
	total    int // bytes of everything
}

func (a *appendRequest) refuse(reason func(context.Context) error) {
	if a.refusal == nil {
		a.refusal = reason
	}
	a.proposal.events = nil
}

func (s *streamsServer) receiveAppend(call streams.Streams_AppendServer) (*appendRequest, error) {
	a := &appendRequest{}
	begun := false
	for {
		message, err := call.Recv()
		if errors.Is(err, io.EOF) {
			if !begun {
				a.refuse(because(errHandler))
			}
			return a, nil
		}
		if err != nil {
			return nil, err
		}
		switch content := message.Content.(type) {
		case *streams.AppendReq_Options_:
			if begun {
				a.refuse(because(errHandler))
				continue
			}
			begun = true
			if a.options(content.Options); !s.node.mayAppend(a.proposal.stream) {
				a.refuse(accessDenied)
			}
		case *streams.AppendReq_ProposedMessage_:
			if !begun {
				a.refuse(because(errHandler))
			}
			if a.refusal == nil {
				a.propose(content.ProposedMessage, s.node.opts.MaxAppendSize)
			}
		default:
			a.refuse(because(errHandler))
		}
	}
}

func because(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

func (a *appendRequest) options(o *streams.AppendReq_Options) {
	a.proposal.stream = nameOf(o.GetStreamIdentifier())
	switch expected := o.GetExpectedStreamRevision().(type) {
	case *streams.AppendReq_Options_Revision:
		var err error
		a.byNumber = true
		if a.proposal.expected, err = exactly(expected.Revision); err != nil {
			a.refuse(because(err))
		}
	case *streams.AppendReq_Options_NoStream:
		a.proposal.expected = expectNoStream
	case *streams.AppendReq_Options_Any:
		a.proposal.expected = expectAny
	case *streams.AppendReq_Options_StreamExists:
		a.proposal.expected = expectExists
	default:
		a.refuse(because(notSet("AppendReq", "ExpectedStreamRevision")))
	}
}

// exactly answers the expectation of a revision. The largest number there is stands for a stream without events.
func exactly(revision uint64) (expectation, error) {
	switch {
	case revision == math.MaxUint64:
		return expectNoStream, nil
	case revision > math.MaxInt64:
		return 0, errHandler
	}
	return expectation(revision), nil
}

// propose takes one event. Sizes are summed before anything is kept, so that a refused append is not held in memory.
func (a *appendRequest) propose(m *streams.AppendReq_ProposedMessage, limit int) {
	const perEvent = 64
	a.data += len(m.Data)
	a.total += len(m.Data) + len(m.CustomMetadata) + len(m.Metadata["type"]) + perEvent
	kind, hasKind := m.Metadata["type"]
	content, hasContent := m.Metadata["content-type"]
	id, hasID := parseID(m.Id)
	switch {
	case !hasKind:
		a.refuse(func(ctx context.Context) error { return missingMetadata(ctx, "type") })
	case !hasContent:
		a.refuse(func(ctx context.Context) error { return missingMetadata(ctx, "content-type") })
	case a.data > limit || a.total > maxAppendBytes:
		a.refuse(func(ctx context.Context) error { return tooLarge(ctx, limit) })
	case !hasID || kind == "":
		a.refuse(because(errHandler))
	default:
		a.proposal.events = append(a.proposal.events,
			event{id: id, kind: kind, json: content == jsonContent, metadata: m.CustomMetadata, data: m.Data})
	}
}

// wrongVersion answers both generations of fields: old clients read the first. What was expected by number is answered by
// number.
func wrongVersion(expected expectation, byNumber bool, current int64) *streams.AppendResp_WrongExpectedVersion {
	w := &streams.AppendResp_WrongExpectedVersion{}
	if current < 0 {
		w.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentNoStream{CurrentNoStream: &shared.Empty{}}
		w.CurrentRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_NoStream_20_6_0{NoStream_20_6_0: &shared.Empty{}}
	} else {
		w.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentRevision{CurrentRevision: uint64(current)}
		w.CurrentRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_CurrentRevision_20_6_0{CurrentRevision_20_6_0: uint64(current)}
	}
	switch {
	case byNumber:
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision{ExpectedRevision: uint64(expected)}
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{ExpectedRevision_20_6_0: uint64(expected)}
	case expected == expectAny:
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedAny{ExpectedAny: &shared.Empty{}}
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_Any_20_6_0{Any_20_6_0: &shared.Empty{}}
	case expected == expectExists:
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedStreamExists{ExpectedStreamExists: &shared.Empty{}}
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_StreamExists_20_6_0{StreamExists_20_6_0: &shared.Empty{}}
	default:
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: &shared.Empty{}}
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{ExpectedRevision_20_6_0: math.MaxUint64}
	}
	return w
}

// parseID takes both forms of an id, and of the second those that a real server reads: with and without hyphens, and with
// hyphens in braces or parentheses. The nil id is none.
func parseID(id *shared.UUID) (uuid.UUID, bool) {
	var parsed uuid.UUID
	switch value := id.GetValue().(type) {
	case *shared.UUID_Structured_:
		binary.BigEndian.PutUint64(parsed[:8], uint64(value.Structured.GetMostSignificantBits()))
		binary.BigEndian.PutUint64(parsed[8:], uint64(value.Structured.GetLeastSignificantBits()))
	case *shared.UUID_String_:
		const hyphened, plain = 36, 32
		text := strings.TrimSpace(value.String_)
		for _, around := range []string{"{}", "()"} {
			if n := len(text); n == hyphened+2 && text[0] == around[0] && text[n-1] == around[1] {
				text = text[1 : n-1]
			}
		}
		var err error
		if parsed, err = uuid.Parse(text); err != nil || len(text) != hyphened && len(text) != plain {
			return uuid.UUID{}, false
		}
	}
	return parsed, parsed != uuid.UUID{}
}

func be64(b []byte) uint64 { return binary.BigEndian.Uint64(b) }
