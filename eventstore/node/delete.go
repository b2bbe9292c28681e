package node

import (
	"context"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// Delete hides the events of a stream. Outside test mode nobody may: a history cannot be deleted through any
// interface.
func (s *streamsServer) Delete(ctx context.Context, request *streams.DeleteReq) (*streams.DeleteResp, error) {
	o := request.GetOptions()
	if o == nil {
		return nil, errHandler
	}
	var expected expectation
	var err error
	switch e := o.GetExpectedStreamRevision().(type) {
	case *streams.DeleteReq_Options_Revision:
		expected, err = exactly(e.Revision)
	case *streams.DeleteReq_Options_NoStream:
		expected = expectNoStream
	case *streams.DeleteReq_Options_Any:
		expected = expectAny
	case *streams.DeleteReq_Options_StreamExists:
		expected = expectExists
	default:
		err = notSet("DeleteReq", "ExpectedStreamRevision")
	}
	if err != nil {
		return nil, err
	}
	position, err := s.remove(ctx, nameOf(o.GetStreamIdentifier()), expected, deleteStream)
	if err != nil {
		return nil, err
	}
	return &streams.DeleteResp{PositionOption: &streams.DeleteResp_Position_{
		Position: &streams.DeleteResp_Position{CommitPosition: position, PreparePosition: position},
	}}, nil
}

// Tombstone ends a stream for ever, in test mode only.
func (s *streamsServer) Tombstone(ctx context.Context, request *streams.TombstoneReq) (*streams.TombstoneResp, error) {
	o := request.GetOptions()
	if o == nil {
		return nil, errHandler
	}
	var expected expectation
	var err error
	switch e := o.GetExpectedStreamRevision().(type) {
	case *streams.TombstoneReq_Options_Revision:
		expected, err = exactly(e.Revision)
	case *streams.TombstoneReq_Options_NoStream:
		expected = expectNoStream
	case *streams.TombstoneReq_Options_Any:
		expected = expectAny
	case *streams.TombstoneReq_Options_StreamExists:
		expected = expectExists
	default:
		err = notSet("TombstoneReq", "ExpectedStreamRevision")
	}
	if err != nil {
		return nil, err
	}
	position, err := s.remove(ctx, nameOf(o.GetStreamIdentifier()), expected, tombstoneStream)
	if err != nil {
		return nil, err
	}
	return &streams.TombstoneResp{PositionOption: &streams.TombstoneResp_Position_{
		Position: &streams.TombstoneResp_Position{CommitPosition: position, PreparePosition: position},
	}}, nil
}

// remove deletes or ends a stream and answers the position of the event that says so.
func (s *streamsServer) remove(ctx context.Context, stream string, expected expectation, what removal) (uint64, error) {
	if !s.node.opts.TestMode {
		return 0, accessDenied(ctx)
	}
	if stream == "" {
		return 0, errHandler
	}
	d, err := s.node.append(ctx, &proposal{stream: stream, expected: expected, removal: what})
	switch {
	case err != nil:
		return 0, err
	case d.verdict == verdictDeleted:
		return 0, streamDeleted(ctx, stream)
	case d.verdict == verdictWrongRevision:
		return 0, wrongRevision(ctx, stream, expected, d.current)
	}
	return d.position, nil
}
