package legacy

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"redress/docs"
	"redress/domain"
)

func TestEveryRejectionNamesItsLine(t *testing.T) {
	w := newTown(t)
	m := load(t, council(t, nil))
	r := w.run(m, lettersHeader+
		"A1,open,01/03/2025 10:00,,C,housing,Abbey,a roof,,x\n"+ // 2, in order
		"A2,open,01/03/2025 10:00,,C,housing\n"+ // 3
		"A3,open,31/02/2025 10:00,,C,housing,Abbey,,,\n"+ // 4
		"A4,open,2025-03-01,,C,housing,Abbey,,,\n"+ // 5
		"A5,open,01/03/2025 10:00,,C,housing,Abb\xe9,,,\n"+ // 6
		"A6,open,01/03/2025 10:00,,C,a 5\" pipe,Abbey,,,\n"+ // 7, a quote in the middle
		"A7,open,01/03/2025 10:00,,C,\"housing,Abbey,,,\n"+ // 8, a quote that is closed by nobody
		"A8,open,01/03/2025 10:00,,X,housing,Abbey,,,\n"+ // 9
		"A9,open,01/03/2025 10:00,,C,,Abbey,,,\n"+ // 10
		"A10,open,01/03/2025 10:00,,C,housing,Abbey,\"two\nlines\",,\n"+ // 11 and 12, in order
		"A11,open,01/03/2025 10:00,03/03/2025 10:00,C,housing,Abbey,,maybe,\n"+ // 13
		"A12,open,01/03/0025 10:00,,C,housing,Abbey,,,\n"+ // 14
		",open,01/03/2025 10:00,,C,housing,Abbey,,,\n"+ // 15
		"A14,open,01/03/2025 10:00,,C,a team with a % sign,Abbey,,,\n"+ // 16
		"A15,open?,01/03/2025 10:00,,C,housing,Abbey,,,\n"+ // 17
		"A16,open,01/03/2025 10:00,04/03/2025 10:00,C,housing,Abbey,,Y,\n"+ // 18, in order
		"\n"+ // 19, no row
		"A17,open,01/03/2025 10:00,,C,housing,Abbey,,,") // 20
	rejected(t, r, "3 COLUMN_COUNT", "4 BAD_DATE", "5 BAD_DATE", "6 NOT_UTF8", "7 BAD_QUOTE", "8 BAD_QUOTE", "9 UNMAPPED_VALUE",
		"10 MISSING_VALUE", "13 UNMAPPED_VALUE", "14 BAD_DATE", "15 BAD_VALUE", "16 BAD_VALUE", "17 BAD_VALUE", "20 TRUNCATED")
	count(t, r, 3, 0, 0, 14, 7, 3)
	if got := w.types("letters", "A16"); got != "Imported Received Responded" {
		t.Error(got)
	}
}

func TestByteOrderMark(t *testing.T) {
	w := newTown(t)
	r := w.run(load(t, council(t, nil)), "\ufeff"+lettersHeader+"A1,open,01/03/2025 10:00,,C,housing,,,,\n")
	count(t, r, 1, 0, 0, 0, 2, 1)
	if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "byte-order mark") {
		t.Error(r.Notes)
	}
}

// A file in another encoding is read when the mapping names it, and the text arrives.
func TestNamedEncoding(t *testing.T) {
	w := newTown(t)
	m := load(t, council(t, swap("zone:", "encoding: iso-8859-1\nseparator: \";\"\nzone:")))
	r := w.run(m, strings.ReplaceAll(lettersHeader, ",", ";")+"A1;open;01/03/2025 10:00;;C;housing;;a caf\xe9;;\n")
	count(t, r, 1, 0, 0, 0, 2, 1)
	if wish := w.open(w.events("letters", "A1")[1].Event.(domain.Received).OutcomeSought); wish != "a café" {
		t.Errorf("%q", wish)
	}
}

func TestGzip(t *testing.T) {
	w := newTown(t)
	m := load(t, "road-traffic-fines")
	var whole bytes.Buffer
	out := gzip.NewWriter(&whole)
	text, err := docs.Samples.ReadFile("samples/fines-made-up.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Write(text); err != nil || out.Close() != nil {
		t.Fatal(err)
	}
	for _, cut := range []int{1, 8, 12, 100, whole.Len() / 2} {
		if err := w.fails(m, whole.String()[:whole.Len()-cut]); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut by %d: %v", cut, err)
		}
	}
	damaged := slices.Clone(whole.Bytes())
	damaged[len(damaged)-6] ^= 1 // of the checksum
	if err := w.fails(m, string(damaged)); !errors.Is(err, gzip.ErrChecksum) {
		t.Error(err)
	}
	count(t, w.run(m, whole.String()), 19, 0, 0, 0, 24, 5)
	count(t, w.run(m, string(text)), 0, 19, 0, 0, 0, 0)
}

func TestDuplicatesAndSameNames(t *testing.T) {
	w := newTown(t)
	m := load(t, "road-traffic-fines")
	text := fines(
		"F1,Create Fine,1,2008-01-07",
		"F1,Payment,2,2008-01-09",
		"F1,Payment,2,2008-01-09",     // the whole row again
		"F1,Payment,2,2008-01-10",     // the same name, another day
		"F1,Payment,3,2008-01-09",     // differs in its name alone: kept
		"F1,Create Fine,4,2008-01-08", // a case is opened once
		"F2,Create Fine,1,2008-01-07", // a row's name is its own within its case
	)
	r := w.run(m, text)
	count(t, r, 4, 0, 1, 2, 6, 2)
	rejected(t, r, "5 CHANGED_ROW", "7 REFUSED")
	if got := w.types("road-traffic-fines", "F1"); got != "Imported Received LegacyRecorded LegacyRecorded" {
		t.Error(got)
	}
	before := w.end()
	again := w.run(m, text)
	count(t, again, 0, 4, 1, 2, 0, 0)
	if w.end() != before {
		t.Error("the second import has appended")
	}

	// One row a case: the second row of a case is another content of the first.
	r = w.run(load(t, council(t, nil)), lettersHeader+
		"A1,open,01/03/2025 10:00,,C,housing,,,,\nA1,closed,01/03/2025 10:00,,C,housing,,,,\n")
	count(t, r, 1, 0, 0, 1, 2, 1)
	rejected(t, r, "3 CHANGED_ROW")
}

func TestTwoFilesInSequence(t *testing.T) {
	w := newTown(t)
	m := load(t, "road-traffic-fines")
	count(t, w.run(m, fines(
		"F1,Create Fine,1,2008-01-07",
		"F1,Insert Date Appeal to Prefecture,2,2008-02-01",
		"F2,Send Fine,9,2008-01-20",
	)), 2, 0, 0, 1, 3, 1)
	w.clock = w.clock.AddDate(0, 1, 0)
	r := w.run(m, fines(
		"F1,Create Fine,1,2008-01-07",
		"F1,Insert Date Appeal to Prefecture,2,2008-02-02", // changed
		"F1,Receive Result Appeal from Prefecture,3,2008-03-01",
		"F2,Create Fine,8,2008-01-19", // its other row comes to be imported now
		"F2,Send Fine,9,2008-01-20",
		"F3,Payment,10,2008-01-20",
	))
	count(t, r, 3, 1, 0, 2, 4, 2)
	rejected(t, r, "3 CHANGED_ROW", "7 NO_OPENING_ROW")
	if got := w.types("road-traffic-fines", "F1"); got != "Imported Received Escalated Responded" {
		t.Error(got)
	}
	// Rows alone, without the one that opened the case.
	r = w.run(m, fines("F1,Payment,11,2008-03-20", "F1,Receive Result Appeal from Prefecture,3,2008-03-01"))
	count(t, r, 1, 1, 0, 0, 1, 1)
	if c := w.caseOf("road-traffic-fines", "F1"); c.Imported.Batch == "" || len(c.Imported.Rows) != 4 || c.Ref == "" {
		t.Errorf("%+v", c.Imported)
	}
}

// A case whose opening row was rejected is not opened by anything else.
func TestRejectedOpeningRow(t *testing.T) {
	w := newTown(t)
	r := w.run(load(t, "road-traffic-fines"), fines("F1,Create Fine,1,2008-01-32", "F1,Payment,2,2008-01-09", "F2,Create Fine,3,2008-01-07"))
	count(t, r, 1, 0, 0, 2, 2, 1)
	rejected(t, r, "2 BAD_DATE", "3 NO_OPENING_ROW")
	r = w.run(load(t, "road-traffic-fines"), fines("F3,Payment,1,2008-01-08", "F3,Create Fine,1,2008-01-07", "F3,Payment,3,2008-01-08"))
	rejected(t, r, "2 NO_OPENING_ROW", "3 CHANGED_ROW", "4 NO_OPENING_ROW")
	if n := len(w.events("road-traffic-fines", "F1")) + len(w.events("road-traffic-fines", "F3")); n != 0 {
		t.Errorf("%d events", n)
	}
}

func TestRowsOutOfOrder(t *testing.T) {
	w := newTown(t)
	count(t, w.run(load(t, "road-traffic-fines"), fines(
		"F1,Receive Result Appeal from Prefecture,4,2008-03-01",
		"F1,Payment,2,2008-01-09",
		"F1,Insert Date Appeal to Prefecture,3,2008-02-01",
		"F1,Create Fine,1,2008-01-07",
		"F1,Send Fine,5,2008-01-01", // before the case began
	)), 5, 0, 0, 0, 6, 1)
	if got := w.types("road-traffic-fines", "F1"); got != "Imported Received LegacyRecorded LegacyRecorded Escalated Responded" {
		t.Error(got)
	}
	for i, want := range []string{"2008-01-07", "2008-01-07", "2008-01-01", "2008-01-09", "2008-02-01", "2008-03-01"} {
		r := w.events("road-traffic-fines", "F1")[i]
		if got := r.Meta.OccurredAt.In(rome(t)).Format(time.DateOnly); got != want && r.Type != "Imported" {
			t.Errorf("%s occurred on %s, want %s", r.Type, got, want)
		}
		if r.Meta.WayIn != domain.ViaImport || r.Meta.ActorID != "operator:0" || r.Meta.CausationID == uuid.Nil {
			t.Errorf("metadata %+v", r.Meta)
		}
	}
}

func rome(t testing.TB) *time.Location {
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// What a person's command would have been refused is recorded and said.
func TestLegacyExceptions(t *testing.T) {
	w := newTown(t)
	text, err := docs.Samples.ReadFile("samples/fines-made-up.csv")
	if err != nil {
		t.Fatal(err)
	}
	w.run(load(t, "road-traffic-fines"), string(text))
	for ref, want := range map[string]string{
		"X1": "",
		"X2": "Escalated: STAGE_NOT_ANSWERED",
		"X3": "Escalated: STAGE_NOT_ANSWERED",
		"X4": "Responded: OUT_OF_ORDER",
		"X5": "",
	} {
		var notes []string
		for _, r := range w.events("road-traffic-fines", ref) {
			for _, note := range r.Meta.LegacyNotes {
				code, _, _ := strings.Cut(note, ":")
				notes = append(notes, r.Type+": "+code)
			}
		}
		if got := strings.Join(notes, ", "); got != want {
			t.Errorf("%s: notes %s, want %s", ref, got, want)
		}
		if c := w.caseOf("road-traffic-fines", ref); len(c.Imported.Notes) != len(notes) {
			t.Errorf("%s: the case keeps %v", ref, c.Imported.Notes)
		}
	}
	if got := w.types("road-traffic-fines", "X4"); got != "Imported Received Responded" {
		t.Errorf("an escalation was invented: %s", got)
	}
}

// Imported says what the source lacks; the rows that have no counterpart are sealed whole.
func TestWhatIsKeptOfARow(t *testing.T) {
	w := newTown(t)
	w.run(load(t, "road-traffic-fines"), fines("F1,Create Fine,1,2008-01-07", "F1,Payment,2,2008-01-09"))
	list := w.events("road-traffic-fines", "F1")
	imported := list[0].Event.(domain.Imported)
	if fmt.Sprint(imported.Missing) != "[summary issues]" || imported.Grade != "partial" || imported.SourceStatus != "not given" ||
		imported.SourceRef != "F1" || len(imported.RowMAC) != 32 {
		t.Errorf("%#v", imported)
	}
	received := list[1].Event.(domain.Received)
	if !received.Summary.IsZero() || len(received.Issues) != 0 || received.ProcedureID != "road-traffic-fines" || received.ProcedureVersion != "1.0" || received.CaseRef == "" {
		t.Errorf("%#v", received)
	}
	kept := list[2].Event.(domain.LegacyRecorded)
	if _, sealed := kept.Row.Sealed(); !sealed || len(list[2].Meta.PIIKeys) != 1 || kept.Activity != "Payment" || kept.SourceRef != "F1" {
		t.Errorf("%#v", kept)
	}
	if bytes.Contains(list[2].Data, []byte("complete")) {
		t.Error("the row stands in clear")
	}
	if row := w.open(kept.Row); row != `{".order":"2","activity":"Payment","activity_instance_id":"2","case_id":"F1","lifecycle":"complete","timestamp":"2008-01-09"}` {
		t.Error(row)
	}
	// An ignored column is not kept at all.
	w.run(load(t, council(t, nil)), lettersHeader+"A1,open,01/03/2025 10:00,,C,housing,,,,Ms Clerk\n")
	if row := w.open(w.events("letters", "A1")[0].Event.(domain.Imported).Row); strings.Contains(row, "Clerk") || !strings.Contains(row, "housing") {
		t.Error(row)
	}
}

// open opens a sealed value as only a test may.
func (w *town) open(p domain.Personal) string {
	w.t.Helper()
	text, err := w.store.Reveal(w.t.Context(), p)
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

// An erased case stays erased: its rows are neither compared nor brought back.
func TestErasedCaseIsLeftAlone(t *testing.T) {
	w := newTown(t)
	m := load(t, council(t, swap("Result, values: {Y: upheld, N: not_upheld}}}\n", "Result, values: {Y: upheld, N: not_upheld}}}\n"+
		"  - event: Closed\n    when: Out\n    at: Out\n    with: {reason: no_further_contact}\n")))
	text := lettersHeader + "A1,closed,01/03/2025 10:00,02/03/2025 10:00,C,housing,,,Y,\nA2,open,01/03/2025 10:00,,C,housing,,,,\n"
	count(t, w.run(m, text), 2, 0, 0, 0, 6, 2)
	w.erase(CaseID("council", "letters", "A1"))
	before := w.end()
	r := w.run(m, text)
	count(t, r, 0, 2, 0, 0, 0, 0)
	if w.end() != before || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "erased") {
		t.Error(r.Notes)
	}
}

// A mapping that was written outside, with its procedure beside it, is adopted once; the procedure cannot change under
// its version.
func TestProcedureOfTheMapping(t *testing.T) {
	w := newTown(t)
	path := council(t, nil)
	row := "A1,open,01/03/2025 10:00,,C,housing,,,,\n"
	w.run(load(t, path), lettersHeader+row)
	w.run(load(t, path), lettersHeader+row)
	config, err := w.handler.Config(t.Context())
	if err != nil || config.Procedure("letters@1.0") == nil {
		t.Fatal("the procedure was not adopted", err)
	}
	adopted := 0
	for _, p := range config.Procedures() {
		if p.ID == "letters" {
			adopted++
		}
	}
	if adopted != 1 {
		t.Errorf("adopted %d times", adopted)
	}
	file := strings.TrimSuffix(path, ".yaml") + ".procedure.yaml"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(text, []byte("length: 5"), []byte("length: 6"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := errors.AsType[*MappingError](w.fails(load(t, path), lettersHeader+row)); !ok {
		t.Error("a changed procedure under an adopted version is no fault")
	}
}

func TestSomebodyWithoutTheRight(t *testing.T) {
	w := newTown(t)
	im := Importer{Handler: w.handler, Vault: w.vault, Tenant: "council", Actor: domain.Actor{ID: uuid.NewString()}, Now: w.clock}
	_, err := im.Run(t.Context(), strings.NewReader(fines("F1,Create Fine,1,2008-01-07")), load(t, "road-traffic-fines"), false)
	if rejection, ok := errors.AsType[*domain.Rejection](err); !ok || rejection.Code != domain.NotPermitted {
		t.Error(err)
	}
}
