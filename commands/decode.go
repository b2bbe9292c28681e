package commands

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"redress/domain"
)

// The bounds of a body.
const (
	MaxBody     = 1 << 20 // bytes
	maxDepth    = 16      // objects and lists within one another
	maxItems    = 1000    // elements of one list
	maxPersonal = 10_000  // characters of one free text
)

// BodyTooLarge is the code for a body over [MaxBody].
const BodyTooLarge domain.Code = "BODY_TOO_LARGE"

// value is a JSON value as it was sent.
type value struct {
	kind    jsontext.Kind // '{', '[', '"', '0', 't', 'f' or 'n'
	text    string        // of a string, or the digits of a number
	members []member
	items   []value
}

type member struct {
	name  string
	value value
}

// body is a decoded command: its fields, and what any command may carry beside them.
type body struct {
	fields   any    // of the command's type
	of       string // the case that is addressed, as it was named; empty where the body names none
	backdate string // backdate_reason
	raw      []byte // without the address, in one spelling, for the MAC
	// empty are required fields that are there but empty. The decision may have a code of its own for that; when it would
	// accept, they are the answer.
	empty []domain.Fault
}

// parse reads a whole body: one object, no name twice, nothing after it.
func parse(text []byte) (value, error) {
	if len(text) > MaxBody {
		return value{}, &domain.Rejection{Code: BodyTooLarge, Class: domain.Invalid, Detail: "a body holds at most " + strconv.Itoa(MaxBody) + " bytes"}
	}
	d := jsontext.NewDecoder(bytes.NewReader(text))
	v, err := parseValue(d, 0)
	if err == nil {
		_, err = d.ReadToken()
		switch {
		case errors.Is(err, io.EOF):
			err = nil
		case err == nil:
			err = errors.New("something follows the object")
		}
	}
	if err != nil {
		return value{}, unreadable(err)
	}
	if v.kind != '{' {
		return value{}, domain.BadValue("", "a JSON object")
	}
	return v, nil
}

var errTooDeep = errors.New("too deep")

// unreadable says what is wrong with JSON without repeating any of it.
func unreadable(err error) error {
	rule := "JSON (RFC 8259, UTF-8)"
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		rule = "JSON in which no object has a name twice"
	case errors.Is(err, errTooDeep):
		rule = "JSON of at most " + strconv.Itoa(maxDepth) + " levels"
	}
	return domain.BadValue("", rule)
}

func parseValue(d *jsontext.Decoder, depth int) (value, error) {
	if depth > maxDepth {
		return value{}, errTooDeep
	}
	token, err := d.ReadToken()
	if err != nil {
		return value{}, err
	}
	v := value{kind: token.Kind()}
	switch v.kind {
	case '"', '0':
		v.text = token.String()
	case '{':
		for d.PeekKind() != '}' {
			name, err := d.ReadToken()
			if err != nil {
				return value{}, err
			}
			m := member{name: name.String()}
			if m.value, err = parseValue(d, depth+1); err != nil {
				return value{}, err
			}
			v.members = append(v.members, m)
		}
		_, err = d.ReadToken()
	case '[':
		for d.PeekKind() != ']' {
			item, err := parseValue(d, depth+1)
			if err != nil {
				return value{}, err
			}
			v.items = append(v.items, item)
		}
		_, err = d.ReadToken()
	}
	return v, err
}

// decode reads a body into a value of the command's type. It returns a rejection that lists every fault. named says that
// the case is named beside the body.
func decode(text []byte, into reflect.Type, to Addressee, named bool) (body, error) {
	v, err := parse(text)
	if err != nil {
		return body{}, err
	}
	b := body{raw: slices.Clone(text)}
	d := decoder{}
	if !has(into, "case") {
		b.of = d.text(take(&v, "case"), "case")
	}
	b.backdate = d.text(take(&v, "backdate_reason"), "backdate_reason")
	fields := reflect.New(into).Elem()
	d.object(v, fields, "")
	named = named || b.of != ""
	switch {
	case (to == OneCase || to == OneSurvey) && !named:
		d.faults = append(d.faults, domain.Fault{Field: "case", Code: domain.MissingFieldCode, Rule: "has to be there: " + caseRule})
	case to == NewCase && named:
		d.bad("case", "left out, because the command opens a new case")
	}
	if len(d.faults) > 0 {
		return body{}, rejection(d.faults)
	}
	b.fields, b.empty = fields.Interface(), d.empty
	b.raw, err = oneSpelling(b.raw, b.of != "")
	return b, err
}

// oneSpelling writes a body without spaces and with its names in order, so that the same body in another spelling has the
// same MAC. The address is left out: the command id stands for it.
func oneSpelling(text []byte, addressed bool) ([]byte, error) {
	raw := jsontext.Value(text)
	if err := raw.Format(jsontext.ReorderRawObjects(true)); err != nil {
		return nil, unreadable(err)
	}
	if !addressed {
		return raw, nil
	}
	var out bytes.Buffer
	d, e := jsontext.NewDecoder(bytes.NewReader(raw)), jsontext.NewEncoder(&out)
	for d.StackDepth() < 1 || d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return nil, unreadable(err)
		}
		if token.Kind() == '"' && token.String() == "case" {
			if err := d.SkipValue(); err != nil {
				return nil, unreadable(err)
			}
			continue
		}
		if err := e.WriteToken(token); err != nil {
			return nil, err
		}
		if token.Kind() == '{' {
			continue
		}
		member, err := d.ReadValue()
		if err != nil {
			return nil, unreadable(err)
		}
		if err := e.WriteValue(member); err != nil {
			return nil, err
		}
	}
	err := e.WriteToken(jsontext.EndObject)
	return out.Bytes(), err
}

// rejection makes one of all the faults. Its code is that of the gravest kind.
func rejection(faults []domain.Fault) error {
	code := domain.BadValueCode
	for _, grave := range []domain.Code{domain.UnknownFieldCode, domain.MissingFieldCode} {
		if slices.ContainsFunc(faults, func(f domain.Fault) bool { return f.Code == grave }) {
			code = grave
			break
		}
	}
	first := faults[slices.IndexFunc(faults, func(f domain.Fault) bool { return f.Code == code })]
	r := domain.Reject(code, "%s", strings.TrimPrefix(first.Field+": "+first.Rule, ": "))
	r.Faults = faults
	return r
}

// take removes a member and returns its value, nil where it is absent or null.
func take(v *value, name string) *value {
	i := slices.IndexFunc(v.members, func(m member) bool { return m.name == name })
	if i < 0 {
		return nil
	}
	found := v.members[i].value
	v.members = slices.Delete(v.members, i, i+1)
	if found.kind == 'n' {
		return nil
	}
	return &found
}

// decoder collects what is wrong.
type decoder struct{ faults, empty []domain.Fault }

func (d *decoder) bad(path, rule string) {
	d.faults = append(d.faults, domain.Fault{Field: path, Code: domain.BadValueCode, Rule: rule})
}

// text reads a free text that any command may carry.
func (d *decoder) text(v *value, path string) string {
	if v == nil {
		return ""
	}
	if v.kind != '"' || utf8.RuneCountInString(v.text) > maxPersonal {
		d.bad(path, personalRule)
		return ""
	}
	return v.text
}

const caseRule = "the case addressed: its id, its reference or SOURCE:REF"

const personalRule = "a text of at most 10,000 characters"

// object fills a struct from an object's members. What is not a field of it, or is never sent, is unknown.
func (d *decoder) object(v value, into reflect.Value, path string) {
	sent := map[string]*value{}
	for i := range v.members {
		sent[v.members[i].name] = &v.members[i].value
	}
	for _, f := range fieldsOf(into.Type()) {
		if f.assigned {
			continue
		}
		at, given := within(path, f.name), sent[f.name]
		delete(sent, f.name)
		switch {
		case given != nil && given.kind != 'n':
			d.value(*given, into.Field(f.index), at, f.required)
		case f.required:
			d.faults = append(d.faults, domain.Fault{Field: at, Code: domain.MissingFieldCode, Rule: "has to be there: " + f.doc})
		}
	}
	for _, m := range v.members {
		if sent[m.name] != nil {
			d.faults = append(d.faults, domain.Fault{Field: within(path, sayable(m.name)), Code: domain.UnknownFieldCode, Rule: "no field of this command"})
		}
	}
}

// sayable keeps a name that somebody invented from filling an answer or a log line.
func sayable(name string) string {
	if domain.Label(name).Valid() {
		return name
	}
	return "?"
}

func within(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// value fills one field. The types say what is right.
func (d *decoder) value(v value, into reflect.Value, path string, required bool) {
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		d.value(v, into.Elem(), path, required)
		return
	case reflect.Slice:
		if into.Type().Elem().Kind() != reflect.Uint8 {
			d.list(v, into, path)
			return
		}
	case reflect.Struct:
		if into.Type() != timeType && into.Type() != personalType {
			if short := shortOf(into.Type()); v.kind == '"' && short != nil {
				d.value(v, into.Field(short.index), path, true)
				return
			}
			if v.kind != '{' {
				d.bad(path, "an object")
				return
			}
			d.object(v, into, path)
			return
		}
	}
	rule, ok := scalar(v, into)
	nothing := required && v.kind == '"' && v.text == ""
	switch {
	case !ok && !(nothing && into.Type().Implements(enumType)):
		d.bad(path, rule)
	case nothing:
		d.empty = append(d.empty, domain.Fault{Field: path, Code: domain.BadValueCode, Rule: rule})
	}
}

func (d *decoder) list(v value, into reflect.Value, path string) {
	if v.kind != '[' || len(v.items) > maxItems {
		d.bad(path, "a list of at most "+strconv.Itoa(maxItems))
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(v.items), len(v.items)))
	for i, item := range v.items {
		d.value(item, into.Index(i), path+"["+strconv.Itoa(i)+"]", false)
		if s := into.Index(i); s.Kind() == reflect.String && s.String() == "" && item.kind == '"' && item.text == "" {
			d.bad(path+"["+strconv.Itoa(i)+"]", "not empty")
		}
	}
}

var (
	timeType     = reflect.TypeFor[time.Time]()
	personalType = reflect.TypeFor[domain.Personal]()
	uuidType     = reflect.TypeFor[uuid.UUID]()
	dateType     = reflect.TypeFor[domain.Date]()
	penceType    = reflect.TypeFor[domain.Pence]()
	contentType  = reflect.TypeFor[domain.Content]()
	enumType     = reflect.TypeFor[domain.Enum]()
)

// valid is what a term and a label know of themselves.
type valid interface{ Valid() bool }

// scalar fills a field that is neither object nor list, and returns the rule that its value has to keep to. An empty text
// is no value: it leaves the field as it is and passes, except where only certain values do.
func scalar(v value, into reflect.Value) (rule string, ok bool) {
	t := into.Type()
	isText := v.kind == '"'
	switch {
	case t == timeType:
		var at time.Time
		err := at.UnmarshalText([]byte(v.text))
		if ok = isText && err == nil && at.Year() >= 1 && !at.IsZero(); ok {
			into.Set(reflect.ValueOf(at.UTC().Truncate(time.Microsecond)))
		}
		return "an instant with a zone, such as 2026-03-02T09:00:00Z", ok
	case t == dateType:
		day, err := domain.ParseDate(v.text)
		if ok = isText && err == nil; ok {
			into.Set(reflect.ValueOf(day))
		}
		return "a day, YYYY-MM-DD", ok
	case t == uuidType:
		id, err := uuid.Parse(v.text)
		if ok = isText && err == nil && len(v.text) == 36 && id != uuid.Nil; ok {
			into.Set(reflect.ValueOf(id))
		}
		return "a UUID", ok
	case t == personalType:
		into.Set(reflect.ValueOf(domain.Plain(v.text)))
		return personalRule, isText && utf8.RuneCountInString(v.text) <= maxPersonal
	case t.Implements(enumType):
		values := into.Interface().(domain.Enum).Values()
		into.SetString(v.text)
		return "one of " + strings.Join(values, ", "), isText && slices.Contains(values, v.text)
	}
	switch t.Kind() {
	case reflect.Bool:
		into.SetBool(v.kind == 't')
		return "true or false", v.kind == 't' || v.kind == 'f'
	case reflect.Int, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(v.text, 10, t.Bits())
		if ok = v.kind == '0' && err == nil && n >= 0; ok {
			into.SetInt(n)
		}
		if t == penceType {
			return "pence, a whole number that is not negative", ok
		}
		return "a whole number that is not negative", ok
	case reflect.Slice:
		text, err := base64.StdEncoding.DecodeString(v.text)
		into.SetBytes(text)
		return "bytes in base64", isText && err == nil
	case reflect.String:
		into.SetString(v.text)
		if word, constrained := into.Interface().(valid); constrained {
			rule := "1 to 64 letters, digits, spaces and -_./"
			if own, ok := into.Interface().(interface{ Rule() string }); ok {
				rule = own.Rule()
			}
			return rule, isText && (v.text == "" || word.Valid())
		}
		return "a text", isText
	}
	return "no field of this command", false
}
