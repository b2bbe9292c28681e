package commands

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"redress/domain"
)

const someone = "b3a1c1de-54a5-4b7e-9c55-0d0d5a3f8a11"

// whole has every field that ReceiveFeedback requires.
const whole = `"kind":"complaint","channel":"email","received_at":"2026-03-02T09:00:00Z","service":"housing","category":"repairs",` +
	`"procedure_id":"p","summary":"s"`

func faultsOf(err error) (code domain.Code, faults string) {
	rejection, ok := errors.AsType[*domain.Rejection](err)
	if !ok {
		return "", ""
	}
	var all []string
	for _, f := range rejection.Faults {
		all = append(all, f.Field+" "+string(f.Code))
	}
	return rejection.Code, strings.Join(all, ", ")
}

func TestDecodeFaults(t *testing.T) {
	received := reflect.TypeFor[domain.Received]()
	for name, tt := range map[string]struct {
		body   string
		code   domain.Code
		faults string
	}{
		"whole":                {`{` + whole + `}`, "", ""},
		"null is absent":       {`{` + whole + `,"ward":null,"case":null,"backdate_reason":null}`, "", ""},
		"nothing":              {``, "BAD_VALUE", " BAD_VALUE"},
		"no object":            {`[]`, "BAD_VALUE", " BAD_VALUE"},
		"two objects":          {`{` + whole + `}{}`, "BAD_VALUE", " BAD_VALUE"},
		"cut off":              {`{` + whole, "BAD_VALUE", " BAD_VALUE"},
		"a name twice":         {`{` + whole + `,"kind":"comment"}`, "BAD_VALUE", " BAD_VALUE"},
		"no UTF-8":             {"{" + whole + ",\"ward\":\"\xff\"}", "BAD_VALUE", " BAD_VALUE"},
		"too deep":             {`{"a":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`, "BAD_VALUE", " BAD_VALUE"},
		"too large":            {`{"a":"` + strings.Repeat("x", MaxBody) + `"}`, BodyTooLarge, ""},
		"unknown goes first":   {`{"colour":"red","kind":"tea"}`, "UNKNOWN_FIELD", "kind BAD_VALUE, channel MISSING_FIELD, received_at MISSING_FIELD, service MISSING_FIELD, category MISSING_FIELD, procedure_id MISSING_FIELD, summary MISSING_FIELD, colour UNKNOWN_FIELD"},
		"missing goes second":  {`{` + strings.Replace(whole, `"service":"housing"`, `"service":null,"ward":7`, 1) + `}`, "MISSING_FIELD", "service MISSING_FIELD, ward BAD_VALUE"},
		"assigned is unknown":  {`{` + whole + `,"case_ref":"RD-2026-000001"}`, "UNKNOWN_FIELD", "case_ref UNKNOWN_FIELD"},
		"invented name unsaid": {`{` + whole + `,"<script>":1}`, "UNKNOWN_FIELD", "? UNKNOWN_FIELD"},
		"enum":                 {`{` + strings.Replace(whole, "complaint", "Complaint", 1) + `}`, "BAD_VALUE", "kind BAD_VALUE"},
		"empty enum":           {`{` + strings.Replace(whole, "\"complaint\"", "\"\"", 1) + `}`, "", ""},
		"no zone":              {`{` + strings.Replace(whole, "09:00:00Z", "09:00:00", 1) + `}`, "BAD_VALUE", "received_at BAD_VALUE"},
		"no instant":           {`{` + strings.Replace(whole, "2026-03-02T", "2026-02-30T", 1) + `}`, "BAD_VALUE", "received_at BAD_VALUE"},
		"no day":               {`{` + whole + `,"matter_known_on":"02/03/2026"}`, "BAD_VALUE", "matter_known_on BAD_VALUE"},
		"no UUID":              {`{` + whole + `,"complainant":"pat"}`, "BAD_VALUE", "complainant BAD_VALUE"},
		"UUID in braces":       {`{` + whole + `,"complainant":"{` + someone + `}"}`, "BAD_VALUE", "complainant BAD_VALUE"},
		"zero UUID":            {`{` + whole + `,"complainant":"00000000-0000-0000-0000-000000000000"}`, "BAD_VALUE", "complainant BAD_VALUE"},
		"term":                 {`{` + strings.Replace(whole, "housing", "housing; drop", 1) + `}`, "BAD_VALUE", "service BAD_VALUE"},
		"long term":            {`{` + strings.Replace(whole, "housing", strings.Repeat("h", 65), 1) + `}`, "BAD_VALUE", "service BAD_VALUE"},
		"long text":            {`{` + strings.Replace(whole, `"s"`, `"`+strings.Repeat("é", 10001)+`"`, 1) + `}`, "BAD_VALUE", "summary BAD_VALUE"},
		"text just fits":       {`{` + strings.Replace(whole, `"s"`, `"`+strings.Repeat("é", 10000)+`"`, 1) + `}`, "", ""},
		"text is no number":    {`{` + strings.Replace(whole, `"s"`, `7`, 1) + `}`, "BAD_VALUE", "summary BAD_VALUE"},
		"nested":               {`{` + whole + `,"issues":[{"issue_id":"a","text":"x","category":"c"},{"issue_id":"b","size":1}]}`, "UNKNOWN_FIELD", "issues[1].text MISSING_FIELD, issues[1].category MISSING_FIELD, issues[1].size UNKNOWN_FIELD"},
		"a case that opens":    {`{` + whole + `,"case":"x","ward":1}`, "BAD_VALUE", "ward BAD_VALUE, case BAD_VALUE"},
		"list":                 {`{` + whole + `,"flags":"legal_hold"}`, "BAD_VALUE", "flags BAD_VALUE"},
		"in a list":            {`{` + whole + `,"flags":["legal_hold",null]}`, "BAD_VALUE", "flags[1] BAD_VALUE"},
		"empty in a list":      {`{` + whole + `,"issues":[{"issue_id":"a","text":"x","category":"c","about_staff":[""]}]}`, "BAD_VALUE", "issues[0].about_staff[0] BAD_VALUE"},
		"object":               {`{` + whole + `,"constituency_route":"mp"}`, "BAD_VALUE", "constituency_route BAD_VALUE"},
		"reason is a text":     {`{` + whole + `,"backdate_reason":{}}`, "BAD_VALUE", "backdate_reason BAD_VALUE"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decode([]byte(tt.body), received, NewCase, false)
			if code, faults := faultsOf(err); code != tt.code || faults != tt.faults || (err == nil) != (tt.code == "") {
				t.Errorf("%v\n got %s: %s\nwant %s: %s", err, code, faults, tt.code, tt.faults)
			}
		})
	}
}

func TestDecodeValues(t *testing.T) {
	b, err := decode([]byte(`{"case":"RD-2026-000001","backdate_reason":"why","remedy_id":"r 1","stage":"s1","issue_ids":["a"],`+
		`"type":"distress","description":"","amount":12500,"deliver_by":"2026-04-01","owner_id":"`+someone+`","origin":"stage",`+
		`"offered_at":"2026-03-02T10:00:00.1234567+01:00"}`), reflect.TypeFor[domain.RemedyOffered](), OneCase, false)
	if err != nil {
		t.Fatal(err)
	}
	got := b.fields.(domain.RemedyOffered)
	if b.of != "RD-2026-000001" || b.backdate != "why" || got.RemedyID != "r 1" || got.Amount != 12500 || got.OwnerID != uuid.MustParse(someone) {
		t.Errorf("decoded %+v", b)
	}
	if want := time.Date(2026, 3, 2, 9, 0, 0, 123456000, time.UTC); !got.OfferedAt.Equal(want) || got.OfferedAt.Location() != time.UTC {
		t.Errorf("offered at %v, want %v", got.OfferedAt, want)
	}
	if len(b.empty) != 1 || b.empty[0].Field != "description" {
		t.Errorf("empty fields %v", b.empty)
	}
	if strings.Contains(string(b.raw), "RD-2026") || !strings.HasPrefix(string(b.raw), `{"amount":12500,"backdate_reason":"why",`) {
		t.Errorf("in one spelling: %s", b.raw)
	}
	for _, wrong := range []string{"-1", "1.5", "1e3", "9223372036854775808", `"1"`} {
		_, err := decode([]byte(`{"remedy_id":"r","at":"2026-03-02T10:00:00Z","approver_id":"`+someone+`","approver_role":"director","rule_id":"x","amount":`+wrong+`}`),
			reflect.TypeFor[domain.RemedyApproved](), OneCase, true)
		if _, faults := faultsOf(err); faults != "amount BAD_VALUE" {
			t.Errorf("amount %s: %v", wrong, err)
		}
	}
}

// No bytes make the decoder panic, and what it refuses it refuses with a reason that repeats nothing.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{` + whole + `}`))
	f.Add([]byte(`{"case":"x","issues":[{"about_staff":[null,1]}],"constituency_route":{"by":"mp"}}`))
	f.Add([]byte(`{"settings":{"remedy_limits":[{"id":"a","max_per_case":-1}],"closure_days":["2026-01-02"]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, c := range All {
			b, err := decode(text, c.bodyType(), c.Addresses, false)
			if err != nil {
				if _, ok := errors.AsType[*domain.Rejection](err); !ok {
					t.Fatalf("%s: %v", c.Name, err)
				}
				continue
			}
			again, err := decode(b.raw, c.bodyType(), c.Addresses, c.Addresses == OneCase)
			if err != nil || string(again.raw) != string(b.raw) {
				t.Fatalf("%s: one spelling %q is not its own, %v", c.Name, b.raw, err)
			}
		}
	})
}

// Every field of every command has a type that the decoder knows and a meaning that people can read.
func TestEveryFieldIsDescribed(t *testing.T) {
	names := map[string]bool{}
	for _, c := range All {
		if names[c.Name] || c.Doc == "" || len(c.Fields()) == 0 {
			t.Errorf("%s: twice, or without meaning or fields", c.Name)
		}
		names[c.Name] = true
		described(t, c.Name, c.Fields())
	}
}

func described(t *testing.T, of string, fields []Field) {
	for _, f := range fields {
		at := of + "." + f.Name
		if f.Type == "" || f.Doc == "" || (f.Type == "enum") != (len(f.Values) > 0) || (f.Type == "object") != (len(f.Fields) > 0) {
			t.Errorf("%s: %+v", at, f)
		}
		described(t, at, f.Fields)
	}
}
