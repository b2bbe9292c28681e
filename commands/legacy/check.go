package legacy

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"redress/domain"
)

// validate checks what can be known without a file, and fills the defaults. All faults are told at once.
func (m *Mapping) validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if m.Schema != "redress.mapping/v1" {
		fault("schema: must be redress.mapping/v1")
	}
	if m.Encoding == "" {
		m.Encoding = "utf-8"
	}
	if decoders[m.Encoding] == nil {
		fault("encoding: %q is none of utf-8, iso-8859-1, windows-1252", m.Encoding)
	}
	if m.Separator == "" {
		m.Separator = ","
	}
	if len([]rune(m.Separator)) != 1 || strings.ContainsAny(m.Separator, "\"\r\n\uFFFD") {
		fault("separator: must be one character, and no quote")
	}
	zone, err := time.LoadLocation(m.Zone)
	if err != nil || m.Zone == "" {
		fault("zone: must be an IANA time zone such as Europe/London")
	}
	m.zone = zone
	if m.dates, err = dateLayout(m.Dates); err != nil {
		fault("dates: %w", err)
	}
	if !slices.Contains([]string{"full", "partial", "summary"}, m.Grade) {
		fault("grade: must be full, partial or summary")
	}
	for name, value := range map[string]string{"name": m.Name, "source_system": m.SourceSystem, "case": m.Case} {
		if value == "" {
			fault("%s: is missing", name)
		}
	}
	if !domain.Term(m.SourceSystem).Valid() || strings.Contains(m.SourceSystem, " ") {
		fault("source_system: must be letters, digits and -_./, at most 64 of them")
	}
	if len(m.Events) == 0 || m.Events[0].Event != "Received" {
		fault("events: the first must be Received")
	}
	for i := range m.Events {
		for _, err := range m.check(i) {
			fault("events[%d].%w", i, err)
		}
	}
	faults = append(faults, m.checkMissing()...)
	return errors.Join(faults...)
}

// check prepares one rule and returns its faults.
func (m *Mapping) check(i int) (faults []error) {
	rule := &m.Events[i]
	if (m.Activity == "") != (rule.Activity == "") {
		faults = append(faults, errors.New("activity: stands exactly where the mapping names an activity column"))
	}
	f, err := rule.filler()
	if err != nil {
		faults = append(faults, err)
	}
	m.fillers = append(m.fillers, f)
	if rule.Event == "Received" {
		if rule.When != "" {
			faults = append(faults, errors.New("when: a row that opens a case always does"))
		}
		if slices.ContainsFunc(m.Events[:i], func(before EventRule) bool { return before.Activity == rule.Activity }) {
			faults = append(faults, errors.New("event: Received comes first in its row, and once"))
		}
	}
	for name, value := range rule.With {
		if strings.HasSuffix(name, "stage") {
			for _, stage := range value.possible() {
				if m.bound.Stage(stage) == nil {
					faults = append(faults, fmt.Errorf("with.%s: the procedure has no stage %q", name, stage))
				}
			}
		}
		if name == "kind" {
			for _, kind := range value.possible() {
				if !m.bound.Takes(kind) {
					faults = append(faults, fmt.Errorf("with.kind: the procedure does not take %q", kind))
				}
			}
		}
	}
	return faults
}

// possible lists the values that the mapping itself can give the field.
func (v Value) possible() []string {
	list := slices.Collect(maps.Values(v.Values))
	for _, text := range []string{v.Fixed, v.Default} {
		if text != "" {
			list = append(list, text)
		}
	}
	return list
}

// checkMissing compares the list of missing fields with what the mapping fills: of a case, every field that is needed is
// either filled or owned up to.
func (m *Mapping) checkMissing() (faults []error) {
	shape := reflect.TypeFor[domain.Received]()
	fields := map[string]bool{} // of a case; true = needed
	for i := range shape.NumField() {
		if rule := shape.Field(i).Tag.Get("rule"); rule != "assigned" && i != momentOf(shape) && jsonName(shape.Field(i)) != "procedure_id" {
			fields[jsonName(shape.Field(i))] = rule == "required"
		}
	}
	for _, rule := range m.Events {
		if rule.Event != "Received" {
			continue
		}
		for name, needed := range fields {
			_, filled := rule.With[name]
			if listed := slices.Contains(m.Missing, name); filled && listed {
				faults = append(faults, fmt.Errorf("missing: %s is filled", name))
			} else if needed && !filled && !listed {
				faults = append(faults, fmt.Errorf("missing: must list %s, which nothing fills", name))
			}
		}
	}
	for _, name := range m.Missing {
		if _, known := fields[name]; !known {
			faults = append(faults, fmt.Errorf("missing: a case has no field %q", name))
		}
	}
	slices.SortFunc(faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return faults
}

// dateParts are the parts of a date format, and what may stand between them.
var dateParts = regexp.MustCompile(`YYYY|MM?|DD?|HH?|mm|ss|T|[^A-Za-z0-9]`)

// dateLayout turns a format such as M/D/YYYY H:mm into Go's reference form.
func dateLayout(format string) (string, error) {
	reference := map[string]string{"YYYY": "2006", "MM": "01", "M": "1", "DD": "02", "D": "2", "HH": "15", "H": "15", "mm": "04", "ss": "05"}
	count := map[byte]int{}
	layout := dateParts.ReplaceAllStringFunc(format, func(part string) string {
		written, known := reference[part]
		if !known {
			return part
		}
		count[part[0]]++
		return written
	})
	rest := dateParts.ReplaceAllString(format, "")
	if rest != "" || count['Y'] != 1 || count['M'] != 1 || count['D'] != 1 || max(count['H'], count['m'], count['s']) > 1 {
		return "", fmt.Errorf("%q is no format made of YYYY, M or MM, D or DD, H or HH, mm, ss", format)
	}
	return layout, nil
}
