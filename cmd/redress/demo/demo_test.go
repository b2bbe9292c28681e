package demo

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"redress/domain"
)

func year(seed uint64, complaints int) Year {
	return Generate(Options{Seed: seed, Complaints: complaints, Until: domain.NewDate(2026, 4, 1), Calendar: domain.ShippedCalendar()})
}

func TestTheSameSeedTellsTheSameYear(t *testing.T) {
	first, second, other := text(t, year(1, 300)), text(t, year(1, 300)), text(t, year(2, 300))
	if first != second {
		t.Error("one seed has told two years")
	}
	if first == other {
		t.Error("two seeds have told the same year")
	}
}

func text(t *testing.T, y Year) string {
	t.Helper()
	out, err := json.Marshal(y)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// Steps come in order of time, within the year, and a case begins with its receipt.
func TestStepsAreInOrder(t *testing.T) {
	y := year(429, 1000)
	begun := map[string]bool{}
	last := y.From.Midnight()
	for i, step := range y.Steps {
		if step.At.Before(last) || !step.At.Before(domain.NewDate(2026, 4, 1).Midnight()) {
			t.Fatalf("step %d at %s, after one at %s", i, step.At, last)
		}
		last = step.At
		if step.Command == "ReceiveFeedback" {
			begun[step.Case] = true
		} else if step.Case != "" && !begun[step.Case] {
			t.Fatalf("step %d: %s of %s before it was received", i, step.Command, step.Case)
		}
	}
}

// The marginals of the published figures, within three standard errors of a year of 3,000 complaints. Steps after the
// end of the year are cut off, so shares are taken of what was answered.
func TestMarginals(t *testing.T) {
	y := year(429, 3000)
	outcome := map[string]map[string]int{"s1": {}, "s2": {}}
	received, withdrawn, extended, answered, toStage2, toOmbudsman, remedies := 0, 0, 0, 0, 0, 0, 0
	for _, step := range y.Steps {
		switch step.Command {
		case "ReceiveFeedback":
			received++
		case "WithdrawCase":
			withdrawn++
		case "ExtendDeadline":
			extended++
		case "SendResponse":
			stage := step.Body["stage"].(string)
			outcome[stage][step.Body["outcome"].(string)]++
			if stage == "s1" {
				answered++
			}
		case "EscalateCase":
			toStage2++
		case "ReferToOmbudsman":
			toOmbudsman++
		case "DeliverRemedy":
			remedies++
		}
	}
	if received < 2990 || received > 3000 {
		t.Errorf("%d complaints", received)
	}
	s1 := outcome["s1"]
	share(t, "upheld", s1["upheld"]+s1["partly_upheld"], answered, 56)
	share(t, "to stage two", toStage2, answered, 100*81.0/429)
	if toOmbudsman < 20 || toOmbudsman > 70 { // 7 of 429 would be 49; the last months' are still to come
		t.Errorf("%d went to the Ombudsman", toOmbudsman)
	}
	if withdrawn == 0 || extended == 0 || remedies == 0 {
		t.Errorf("%d withdrawn, %d extended, %d remedies", withdrawn, extended, remedies)
	}
	if late := lateShare(y); math.Abs(late-22) > 3 {
		t.Errorf("%.1f %% of the answers of stage one are late, want about 22", late)
	}
}

// share checks that n of all is about so many per cent.
func share(t *testing.T, what string, n, all int, percent float64) {
	t.Helper()
	got := 100 * float64(n) / float64(all)
	if tolerance := 300 * math.Sqrt(percent/100*(1-percent/100)/float64(all)); math.Abs(got-percent) > tolerance+1 {
		t.Errorf("%s: %d of %d are %.1f %%, want %.1f ± %.1f", what, n, all, got, percent, tolerance+1)
	}
}

// lateShare counts the working days from each acknowledgement to its answer, in the share that exceeds ten or the date
// to which the time was extended.
func lateShare(y Year) float64 {
	calendar := domain.ShippedCalendar()
	acknowledged, due := map[string]domain.Date{}, map[string]domain.Date{}
	late, all := 0, 0
	for _, step := range y.Steps {
		switch {
		case step.Command == "AcknowledgeCase" && step.Body["stage"] == "s1":
			acknowledged[step.Case] = domain.DateOf(step.At)
			due[step.Case] = calendar.AddWorkingDays(domain.DateOf(step.At), 10)
		case step.Command == "ExtendDeadline" && step.Body["clock"] == "s1.response":
			due[step.Case] = step.Body["new_due_date"].(domain.Date)
		case step.Command == "SendResponse" && step.Body["stage"] == "s1":
			if all++; domain.DateOf(step.At) > due[step.Case] {
				late++
			}
		}
	}
	return 100 * float64(late) / float64(all)
}

// personal are the fields whose values the log seals.
var personal = map[string]bool{
	"name": true, "contacts": true, "summary": true, "outcome_sought": true, "text": true, "reasons": true, "reason": true,
	"description": true, "backdate_reason": true, "reference": true,
}

// Nothing that reads like a person's words, name or address stands in a field that is not sealed: there are ids, codes,
// dates and numbers.
func TestNothingPersonalOutsideSealedFields(t *testing.T) {
	for _, step := range year(429, 400).Steps {
		if step.Command == "AdoptSettings" {
			continue // about the council
		}
		walk(step.Body, "", func(field, value string) {
			if personal[field] {
				return
			}
			if !domain.Term(value).Valid() || strings.Contains(value, "@") || len(strings.Fields(value)) > 3 {
				t.Fatalf("%s: %s holds %q", step.Command, field, value)
			}
		})
	}
}

// walk visits every text of a body with the name of its field.
func walk(value any, field string, visit func(field, value string)) {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			walk(member, name, visit)
		}
	case []any:
		for _, item := range v {
			walk(item, field, visit)
		}
	case []string:
		for _, item := range v {
			visit(field, item)
		}
	case time.Time, domain.Date, bool, int, uuid.UUID:
	default:
		visit(field, fmt.Sprint(v))
	}
}
