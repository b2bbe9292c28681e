package node

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// filter selects events of the whole log by type or by stream name.
type filter struct {
	byType   bool
	prefixes []string
	pattern  *regexp.Regexp // instead of prefixes
	// interval is how many events are considered between two checkpoints.
	interval uint64
}

// defaultWindow is the window of a filter that leaves it to the server.
const defaultWindow = 32

func newFilter(o *streams.ReadReq_Options_FilterOptions, subscribe bool) (*filter, error) {
	f := &filter{}
	var expression *streams.ReadReq_Options_FilterOptions_Expression
	switch by := o.GetFilter().(type) {
	case *streams.ReadReq_Options_FilterOptions_EventType:
		f.byType, expression = true, by.EventType
	case *streams.ReadReq_Options_FilterOptions_StreamIdentifier:
		expression = by.StreamIdentifier
	default:
		return nil, notA(describeFilter(o), "ReadReq+Types+Options+Types+FilterOptions")
	}
	if text := expression.GetRegex(); text != "" {
		var err error
		if f.pattern, err = regexp.Compile(text); err != nil {
			return nil, badPattern(text, err)
		}
	} else {
		f.prefixes = expression.GetPrefix() // without any, the filter selects nothing
	}
	window := uint64(defaultWindow)
	switch w := o.GetWindow().(type) {
	case *streams.ReadReq_Options_FilterOptions_Max:
		window = uint64(w.Max)
	case *streams.ReadReq_Options_FilterOptions_Count:
	default:
		return nil, notSet("ReadReq", "Types+FilterOptions+Window")
	}
	if subscribe && o.GetCheckpointIntervalMultiplier() == 0 {
		return nil, errHandler
	}
	f.interval = max(1, window*uint64(o.GetCheckpointIntervalMultiplier()))
	return f, nil
}

// badPattern tells what no server understands, which a real one answers like this, from what only .NET does.
func badPattern(text string, err error) error {
	if fault, ok := errors.AsType[*syntax.Error](err); ok {
		switch fault.Code {
		case syntax.ErrMissingParen, syntax.ErrUnexpectedParen, syntax.ErrMissingBracket, syntax.ErrTrailingBackslash,
			syntax.ErrInvalidCharRange, syntax.ErrMissingRepeatArgument, syntax.ErrInvalidRepeatOp:
			return errHandler
		case syntax.ErrInvalidEscape:
			const escapes = "aAbBcdDefGknpPrsStuvwWxzZ" // that .NET knows, besides digits
			if r, _ := utf8.DecodeRuneInString(strings.TrimPrefix(fault.Expr, `\`)); unicode.IsLetter(r) && !strings.ContainsRune(escapes, r) {
				return errHandler
			}
		}
	}
	return invalid("the filter's pattern is not understood here: " + text)
}

// describeFilter writes a filter that selects by nothing as a real server does.
func describeFilter(o *streams.ReadReq_Options_FilterOptions) string {
	var fields []string
	switch w := o.GetWindow().(type) {
	case *streams.ReadReq_Options_FilterOptions_Max:
		fields = append(fields, fmt.Sprintf(`"max": %d`, w.Max))
	case *streams.ReadReq_Options_FilterOptions_Count:
		fields = append(fields, `"count": { }`)
	}
	if m := o.GetCheckpointIntervalMultiplier(); m != 0 {
		fields = append(fields, fmt.Sprintf(`"checkpointIntervalMultiplier": %d`, m))
	}
	if len(fields) == 0 {
		return "{ }"
	}
	return "{ " + strings.Join(fields, ", ") + " }"
}

// matches says whether an event of this stream and type is selected. A pattern may match anywhere in the text.
func (f *filter) matches(stream, kind string) bool {
	text := stream
	if f.byType {
		text = kind
	}
	if f.pattern != nil {
		return f.pattern.MatchString(text)
	}
	for _, prefix := range f.prefixes {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}
