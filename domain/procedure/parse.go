package procedure

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"redress/domain/procedures"
)

// maxSize is the longest procedure that is read, in bytes; the longest shipped is 12 kB.
const maxSize = 1 << 20

// Fault is one thing wrong with a procedure file.
type Fault struct {
	Path string `json:"path"` // as in stages[0].clocks[1].length; empty for the file as a whole
	Rule string `json:"rule"` // what must hold there
}

// Faults are all that is wrong with a procedure file. No fault of a later kind is looked for while there is one of an
// earlier: first the YAML, then the schema, then unknown fields, then what the loading checks ask.
type Faults struct {
	File   string
	Faults []Fault
}

// Error has a line for each fault: file, field and rule.
func (f *Faults) Error() string {
	lines := make([]string, len(f.Faults))
	for i, one := range f.Faults {
		if one.Path == "" {
			lines[i] = fmt.Sprintf("%s: %s", f.File, one.Rule)
		} else {
			lines[i] = fmt.Sprintf("%s: %s: %s", f.File, one.Path, one.Rule)
		}
	}
	return strings.Join(lines, "\n")
}

// Option changes what Parse asks of a procedure.
type Option func(*checker)

// WithMapping says that the procedure comes with an import mapping. Its stages may be without clocks, because what was
// imported may never have had any.
func WithMapping() Option { return func(c *checker) { c.mapped = true } }

// Parse reads a procedure and checks it. The name stands in errors only. Any error is a [*Faults].
func Parse(name string, source []byte, options ...Option) (*Procedure, error) {
	p := &Procedure{source: string(source)}
	faults := read(source, p)
	if len(faults) == 0 {
		c := &checker{p: p}
		for _, option := range options {
			option(c)
		}
		faults = c.check()
	}
	if len(faults) > 0 {
		return nil, &Faults{File: name, Faults: faults}
	}
	return p, nil
}

// read fills p from the text, or says what keeps it from that.
func read(source []byte, p *Procedure) []Fault {
	if len(source) > maxSize {
		return []Fault{{Rule: fmt.Sprintf("is at most %d bytes", maxSize)}}
	}
	file, err := parser.ParseBytes(source, 0)
	if err != nil {
		return []Fault{yamlFault(nil, err)}
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return []Fault{{Rule: "is one YAML document"}}
	}
	body := file.Docs[0].Body
	// An alias can make a small file unfold without end, and no procedure needs one.
	if aliases := ast.Filter(ast.AliasType, body); len(aliases) > 0 {
		return []Fault{{Path: fieldPath(aliases[0].GetPath()), Rule: "has no aliases"}}
	}
	var loose any
	if err := yaml.NodeToValue(body, &loose); err != nil {
		return []Fault{yamlFault(body, err)}
	}
	if err := schema().Validate(loose); err != nil {
		return schemaFaults(err)
	}
	if err := yaml.NewDecoder(bytes.NewReader(source), yaml.Strict()).Decode(p); err != nil {
		return []Fault{yamlFault(body, err)}
	}
	return nil
}

// schema compiles the embedded schema once. That it compiles is tested.
var schema = sync.OnceValue(func() *jsonschema.Schema {
	const url = "redress:procedure.schema.json"
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(procedures.Schema))
	if err != nil {
		panic(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(url, document); err != nil {
		panic(err)
	}
	return c.MustCompile(url)
})

// schemaFaults lists the leaves of a validation error.
func schemaFaults(err error) []Fault {
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return []Fault{{Rule: err.Error()}}
	}
	var faults []Fault
	var visit func(e *jsonschema.ValidationError)
	visit = func(e *jsonschema.ValidationError) {
		if len(e.Causes) > 0 {
			for _, cause := range e.Causes {
				visit(cause)
			}
			return
		}
		path := joinPath(e.InstanceLocation)
		switch k := e.ErrorKind.(type) {
		case *kind.Required:
			for _, missing := range k.Missing {
				faults = append(faults, Fault{Path: joinPath(append(slices.Clone(e.InstanceLocation), missing)), Rule: "is required"})
			}
		case *kind.AdditionalProperties:
			for _, extra := range k.Properties {
				faults = append(faults, Fault{Path: joinPath(append(slices.Clone(e.InstanceLocation), extra)), Rule: "is not a field of the schema"})
			}
		default:
			faults = append(faults, Fault{Path: path, Rule: e.BasicOutput().Error.String()})
		}
	}
	visit(invalid)
	slices.SortFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Rule, b.Rule))
	})
	return slices.Compact(faults)
}

// joinPath writes a list of keys and indexes as a.b[0].c.
func joinPath(tokens []string) string {
	var b strings.Builder
	for _, t := range tokens {
		switch {
		case t != "" && strings.Trim(t, "0123456789") == "":
			b.WriteString("[" + t + "]")
		case b.Len() > 0:
			b.WriteString("." + t)
		default:
			b.WriteString(t)
		}
	}
	return b.String()
}

// fieldPath writes a YAML path ($.a.b[0]) as the others are written.
func fieldPath(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, "$"), ".") }

// yamlFault tells what the YAML library found, with the path of the field when the token can be found in the tree, and
// with the line otherwise.
func yamlFault(body ast.Node, err error) Fault {
	var found yaml.Error
	if !errors.As(err, &found) {
		return Fault{Rule: err.Error()}
	}
	t := found.GetToken()
	if path := pathOf(body, t); path != "" {
		return Fault{Path: path, Rule: found.GetMessage()}
	}
	if t == nil || t.Position == nil {
		return Fault{Rule: found.GetMessage()}
	}
	return Fault{Rule: fmt.Sprintf("line %d, column %d: %s", t.Position.Line, t.Position.Column, found.GetMessage())}
}

// pathOf finds the node that stands at a token's place.
func pathOf(body ast.Node, t *token.Token) string {
	if body == nil || t == nil || t.Position == nil {
		return ""
	}
	path := ""
	ast.Walk(visitor(func(n ast.Node) {
		at := n.GetToken()
		if at != nil && at.Position != nil && at.Position.Line == t.Position.Line && at.Position.Column == t.Position.Column {
			path = fieldPath(n.GetPath())
		}
	}), body)
	return path
}

type visitor func(ast.Node)

// Visit implements [ast.Visitor].
func (v visitor) Visit(n ast.Node) ast.Visitor {
	v(n)
	return v
}
