package web

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"redress/domain"
)

// schema is a JSON Schema, or any other object of the OpenAPI document.
type schema = map[string]any

// openAPI answers with the OpenAPI 3.1 document of the routes. It is made from the code, so it cannot drift.
func (s *Server) openAPI(w http.ResponseWriter, _ *http.Request) error {
	body, err := json.Marshal(s.document(), json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n')) // the client may have gone
	return nil
}

// document makes the OpenAPI document of every route that has an id.
func (s *Server) document() schema {
	types := shapes{}
	problems := types.of(reflect.TypeFor[problem]())
	paths := schema{}
	for _, rt := range s.routes() {
		if rt.id == "" {
			continue
		}
		path, _ := paths[rt.path].(schema)
		if path == nil {
			path = schema{}
			paths[rt.path] = path
		}
		path[strings.ToLower(rt.method)] = operation(rt, types)
	}
	return schema{
		"openapi": "3.1.0",
		"info": schema{
			"title": "Redress", "version": s.Version,
			"description": "The record of every complaint a council receives. Sealed fields stay sealed.",
		},
		"paths":    paths,
		"security": []schema{{"bearer": []string{}}},
		"components": schema{
			"schemas":         types,
			"securitySchemes": schema{"bearer": schema{"type": "http", "scheme": "bearer"}},
			"responses": schema{"problem": schema{
				"description": "The request was not done: a problem document (RFC 9457) with a reason code.",
				"content":     schema{"application/problem+json": schema{"schema": problems}},
			}},
		},
	}
}

func operation(rt route, types shapes) schema {
	good := schema{"description": "Done"}
	if rt.answer != nil {
		good["content"] = schema{"application/json": schema{"schema": types.of(reflect.TypeOf(rt.answer))}}
	}
	op := schema{
		"operationId": rt.id, "summary": rt.summary,
		"responses": schema{
			strconv.Itoa(max(rt.status, http.StatusOK)): good,
			"default": schema{"$ref": "#/components/responses/problem"},
		},
	}
	if rt.access == open {
		op["security"] = []schema{}
	}
	var params []schema
	for _, p := range rt.params {
		params = append(params, schema{
			"name": p.name, "in": p.in, "required": p.in == "path", "schema": p.schema, "description": p.doc,
		})
	}
	if params != nil {
		op["parameters"] = params
	}
	if rt.body != nil {
		body := types.of(reflect.TypeOf(rt.body))
		if rt.command {
			body = schema{"allOf": []schema{body, types.of(reflect.TypeFor[anyCommand]())}}
		}
		op["requestBody"] = schema{"required": true, "content": schema{"application/json": schema{"schema": body}}}
	}
	return op
}

// anyCommand is what the body of any command may hold beside its own fields.
type anyCommand struct {
	Case           string          `json:"case,omitzero" doc:"an id, a reference or SOURCE:REF; where the command addresses a case"`
	BackdateReason domain.Personal `json:"backdate_reason,omitzero" doc:"why something of more than two working days ago is recorded only now"`
}

// shapes are the schemas of the document's named types, by name.
type shapes schema

// alphabet is what a Term and a Label are made of.
const alphabet = `^[A-Za-z0-9 _./-]{1,64}$`

// known are the types whose JSON form does not follow from their Go form.
var known = map[reflect.Type]schema{
	reflect.TypeFor[time.Time]():       {"type": "string", "format": "date-time"},
	reflect.TypeFor[uuid.UUID]():       {"type": "string", "format": "uuid"},
	reflect.TypeFor[domain.Date]():     {"type": "string", "format": "date"},
	reflect.TypeFor[domain.Personal](): {"type": "string", "maxLength": 10000, "description": "sealed before it is stored"},
	reflect.TypeFor[domain.Term]():     {"type": "string", "pattern": alphabet},
	reflect.TypeFor[domain.Label]():    {"type": "string", "pattern": alphabet},
	reflect.TypeFor[domain.Pence]():    {"type": "integer", "description": "pence"},
	reflect.TypeFor[jsontext.Value]():  {},
}

// of returns the schema of a type. A named struct becomes a component, to which the schema refers.
func (c shapes) of(t reflect.Type) schema {
	if fixed, ok := known[t]; ok {
		return fixed
	}
	if enum, ok := reflect.Zero(t).Interface().(domain.Enum); ok && t.Kind() == reflect.String {
		return schema{"type": "string", "enum": enum.Values()}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return c.of(t.Elem())
	case reflect.String:
		return schema{"type": "string"}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Uint64, reflect.Uint32:
		return schema{"type": "integer"}
	case reflect.Float64:
		return schema{"type": "number"}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return schema{"type": "string", "contentEncoding": "base64"}
		}
		return schema{"type": "array", "items": c.of(t.Elem())}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": c.of(t.Elem())}
	case reflect.Struct:
		return c.object(t)
	}
	return schema{}
}

func (c shapes) object(t reflect.Type) schema {
	name := t.Name()
	if name == "" {
		return c.fields(t)
	}
	ref := schema{"$ref": "#/components/schemas/" + name}
	if _, done := c[name]; !done {
		c[name] = schema{} // a type that holds itself finds this
		c[name] = c.fields(t)
	}
	return ref
}

// fields is the schema of a struct's members. What is assigned by us is no member of a body.
func (c shapes) fields(t reflect.Type) schema {
	properties, required := schema{}, []string{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		rule := f.Tag.Get("rule")
		if f.Anonymous || !f.IsExported() || name == "" || name == "-" || rule == "assigned" {
			continue
		}
		p := c.of(f.Type)
		if doc := f.Tag.Get("doc"); doc != "" {
			p = withDoc(p, doc)
		}
		if f.Type.Kind() == reflect.Pointer && !strings.Contains(options, "omit") {
			p = schema{"anyOf": []schema{p, {"type": "null"}}}
		}
		properties[name] = p
		if rule == "required" {
			required = append(required, name)
		}
	}
	object := schema{"type": "object", "properties": properties}
	if len(required) > 0 {
		slices.Sort(required)
		object["required"] = required
	}
	return object
}

// withDoc adds a description to a copy of a schema.
func withDoc(p schema, doc string) schema {
	copied := schema{"description": doc}
	for k, v := range p {
		if k != "description" {
			copied[k] = v
		}
	}
	return copied
}
