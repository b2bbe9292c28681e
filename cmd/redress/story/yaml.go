package story

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// kind is what a YAML value is by the core schema of YAML 1.2, in which on, yes and a date are words.
type kind int

const (
	null kind = iota
	boolean
	number
	text
	list
	mapping
)

func (k kind) String() string {
	return [...]string{"null", "true or false", "a number", "a text", "a list", "a mapping"}[k]
}

// value is one YAML value and the line on which it stands.
type value struct {
	kind  kind
	line  int
	text  string // a scalar as it was written, without quotes
	items []value
	names []name // of a mapping, beside its items
}

// name is a key of a mapping.
type name struct {
	text string
	line int
}

// Fault is one thing wrong with a file.
type Fault struct {
	Line int    `json:"line"` // from 1; 0 for the file as a whole
	Rule string `json:"rule"` // what must hold there
}

// The bounds of a story: bytes, how deep values may lie in one another, and how many there may be when every alias is
// written out.
const (
	maxSize   = 1 << 20
	maxDepth  = 32
	maxValues = 100_000
)

// parse reads a file into one mapping.
func parse(source []byte) (value, []Fault) {
	if len(source) > maxSize {
		return value{}, []Fault{{0, fmt.Sprintf("a story has at most %d bytes", maxSize)}}
	}
	file, err := parser.ParseBytes(source, 0)
	if err != nil {
		return value{}, []Fault{yamlFault(err)}
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return value{}, []Fault{{0, "a story is one YAML document"}}
	}
	c := converter{anchors: map[string]value{}}
	v, fault := c.convert(file.Docs[0].Body, 0)
	switch {
	case fault != nil:
		return value{}, []Fault{*fault}
	case v.kind != mapping:
		return value{}, []Fault{{v.line, "a story is a mapping"}}
	}
	return v, nil
}

func yamlFault(err error) Fault {
	var found yaml.Error
	if !errors.As(err, &found) {
		return Fault{0, err.Error()}
	}
	f := Fault{0, "YAML 1.2: " + found.GetMessage()}
	if t := found.GetToken(); t != nil && t.Position != nil {
		f.Line = t.Position.Line
	}
	return f
}

// converter turns the library's tree into values.
type converter struct {
	anchors map[string]value
	values  int // so far, aliases written out
}

func (c *converter) convert(node ast.Node, depth int) (value, *Fault) {
	v := value{line: lineOf(node)}
	if c.values++; c.values > maxValues {
		return v, &Fault{v.line, fmt.Sprintf("a story has at most %d values", maxValues)}
	}
	if depth > maxDepth {
		return v, &Fault{v.line, fmt.Sprintf("values lie at most %d deep", maxDepth)}
	}
	switch n := node.(type) {
	case *ast.AnchorNode:
		anchored, fault := c.convert(n.Value, depth)
		c.anchors[n.Name.String()] = anchored
		return anchored, fault
	case *ast.AliasNode:
		anchored, there := c.anchors[n.Value.String()]
		if !there {
			return v, &Fault{v.line, "an alias stands for an anchor before it"}
		}
		c.values += anchored.size()
		anchored.line = v.line
		return anchored, nil
	case *ast.MappingNode:
		return c.convertMapping(v, n.Values, depth)
	case *ast.MappingValueNode:
		return c.convertMapping(v, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		v.kind = list
		for _, item := range n.Values {
			one, fault := c.convert(item, depth+1)
			if fault != nil {
				return v, fault
			}
			v.items = append(v.items, one)
		}
	case *ast.LiteralNode:
		v.kind, v.text = text, n.Value.Value
	case *ast.StringNode:
		v.kind, v.text = text, n.Value
	case *ast.NullNode:
		v.kind = null
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		v.text = n.GetToken().Value
		v.kind = plain(v.text)
	default:
		return v, &Fault{v.line, "a story has no tags and no merged keys"}
	}
	return v, nil
}

// size counts a value and all that lies in it.
func (v value) size() int {
	n := 1
	for _, item := range v.items {
		n += item.size()
	}
	return n
}

func (c *converter) convertMapping(v value, members []*ast.MappingValueNode, depth int) (value, *Fault) {
	v.kind = mapping
	for _, member := range members {
		key, fault := c.convert(member.Key, depth+1)
		if fault != nil {
			return v, fault
		}
		if key.kind == list || key.kind == mapping {
			return v, &Fault{key.line, "a key is a word"}
		}
		item, fault := c.convert(member.Value, depth+1)
		if fault != nil {
			return v, fault
		}
		if _, twice := v.member(key.text); twice {
			return v, &Fault{key.line, fmt.Sprintf("%s stands there once", key.text)}
		}
		v.names, v.items = append(v.names, name{key.text, key.line}), append(v.items, item)
	}
	return v, nil
}

var (
	integers = regexp.MustCompile(`^[-+]?[0-9]+$`)
	decimals = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
)

// plain resolves an unquoted scalar that the library took for more than a text.
func plain(s string) kind {
	switch strings.ToLower(s) {
	case "true", "false":
		return boolean
	}
	if integers.MatchString(s) || decimals.MatchString(s) {
		return number
	}
	return text
}

func lineOf(node ast.Node) int {
	if node == nil {
		return 0
	}
	if m, ok := node.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		node = m.Values[0]
	}
	if m, ok := node.(*ast.MappingValueNode); ok {
		node = m.Key
	}
	if t := node.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

// member returns the value of a mapping's key.
func (v value) member(key string) (value, bool) {
	for i, n := range v.names {
		if n.text == key {
			return v.items[i], true
		}
	}
	return value{}, false
}
