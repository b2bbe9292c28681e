package web

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"redress/domain"
)

// fieldOrder says for each event type in which order its fields were declared: the order in which people read them.
var fieldOrder = func() map[string][]string {
	orders := map[string][]string{}
	for _, e := range domain.Events {
		name, _ := e.Schema()
		for _, f := range reflect.VisibleFields(reflect.TypeOf(e)) {
			member, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			orders[name] = append(orders[name], member)
		}
	}
	return orders
}()

// fieldLines shows the data of an event field by field. Nothing sealed is opened: it shows as "sealed", or as "erased"
// where its key is gone.
func fieldLines(eventType string, data []byte, gone map[uuid.UUID]bool) ([]fieldLine, error) {
	var members map[string]any
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, fmt.Errorf("data of %s: %w", eventType, err)
	}
	order := fieldOrder[eventType]
	var lines []fieldLine
	for _, name := range sortedBy(members, order) {
		if strings.HasSuffix(name, "_mac") {
			continue // a digest for the proofs, of no use to a reader
		}
		lines = append(lines, flatten(words(name), members[name], gone)...)
	}
	return lines, nil
}

// sortedBy returns the names of members in the given order, the unknown ones after that by name.
func sortedBy(members map[string]any, order []string) []string {
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	place := func(name string) int {
		if i := slices.Index(order, name); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := place(a) - place(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return names
}

// flatten shows one value. A list gets numbers from 1, and what is empty shows as nothing.
func flatten(label string, value any, gone map[uuid.UUID]bool) []fieldLine {
	switch v := value.(type) {
	case nil:
		return nil
	case map[string]any:
		if key, ok := sealedKey(v); ok {
			if gone[key] {
				return []fieldLine{{label, "erased", true}}
			}
			return []fieldLine{{label, "sealed", true}}
		}
		var lines []fieldLine
		for _, name := range sortedBy(v, nil) {
			lines = append(lines, flatten(label+", "+strings.ToLower(words(name)), v[name], gone)...)
		}
		return lines
	case []any:
		if plain, ok := plainList(v); ok {
			return []fieldLine{{label, plain, false}}
		}
		var lines []fieldLine
		for i, item := range v {
			lines = append(lines, flatten(label+" "+strconv.Itoa(i+1), item, gone)...)
		}
		return lines
	case string:
		if v == "" {
			return nil
		}
		return []fieldLine{{label, readable(v), false}}
	case bool:
		if v {
			return []fieldLine{{label, "yes", false}}
		}
		return []fieldLine{{label, "no", false}}
	}
	return []fieldLine{{label, fmt.Sprint(value), false}}
}

// plainList joins a list of texts; a list of anything else is none.
func plainList(items []any) (string, bool) {
	texts := make([]string, 0, len(items))
	for _, item := range items {
		text, ok := item.(string)
		if !ok {
			return "", false
		}
		texts = append(texts, readable(text))
	}
	return strings.Join(texts, ", "), len(texts) > 0
}

// sealedKey returns the id of the key by which a value is sealed, where it is a ciphertext.
func sealedKey(v map[string]any) (uuid.UUID, bool) {
	text, _ := v["key"].(string)
	_, isBox := v["box"].(string)
	key, err := uuid.Parse(text)
	return key, err == nil && isBox && len(v) <= 3
}

// sealingKeys returns the keys that seal anything in the data of an event, once for each sealed field.
func sealingKeys(data []byte) ([]uuid.UUID, error) {
	var keys []uuid.UUID
	_, err := rewrite(data, func(key uuid.UUID) any {
		keys = append(keys, key)
		return nil
	})
	return keys, err
}

// veil puts {"sealed":true}, or {"erased":true}, in the place of every ciphertext in the data of an event.
func veil(data []byte, gone map[uuid.UUID]bool) ([]byte, error) {
	veiled, err := rewrite(data, func(key uuid.UUID) any {
		if gone[key] {
			return map[string]bool{"erased": true}
		}
		return map[string]bool{"sealed": true}
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(veiled, json.Deterministic(true))
}

// rewrite reads JSON and puts what replace says in the place of every ciphertext.
func rewrite(data []byte, replace func(key uuid.UUID) any) (any, error) {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return nil, fmt.Errorf("data of an event: %w", err)
	}
	var walk func(any) any
	walk = func(value any) any {
		switch v := value.(type) {
		case map[string]any:
			if key, ok := sealedKey(v); ok {
				return replace(key)
			}
			for name, member := range v {
				v[name] = walk(member)
			}
		case []any:
			for i, item := range v {
				v[i] = walk(item)
			}
		}
		return value
	}
	return walk(value), nil
}

// readable shows instants and dates as people in London read them, and anything else as it is.
func readable(text string) string {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return when(at)
	}
	if on, err := time.Parse(time.DateOnly, text); err == nil {
		return on.Format(dayForm)
	}
	return text
}
