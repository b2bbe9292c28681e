package eventstore

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"redress/domain"
	"redress/eventstore/vault"
)

// inMetadata stands before the path of a personal value in an event's metadata, so that no field of its data can have
// the same associated data.
const inMetadata = "/metadata"

// sealer seals the personal values of one event. The key of the stream's subject is asked for with the first of them.
type sealer struct {
	ctx    context.Context
	vault  *vault.Vault
	stream string
	event  uuid.UUID
	prefix string
	key    vault.Key
	used   bool
}

var errSealedAlready = errors.New("a sealed value cannot be appended: its box belongs to another event")

// marshal writes a personal value as its key and its box. The associated data, event id and path, are not written: they
// are what a reader knows from where it found the box.
func (s *sealer) marshal(enc *jsontext.Encoder, p domain.Personal) error {
	if p.IsZero() {
		return enc.WriteToken(jsontext.Null)
	}
	text, plain := p.Text()
	if !plain {
		return errSealedAlready
	}
	if !s.used {
		key, err := s.vault.Key(s.ctx, s.stream)
		if err != nil {
			return err
		}
		s.key, s.used = key, true
	}
	associated := s.event.String() + s.prefix + next(enc)
	return json.MarshalEncode(enc, box{Key: uuid.UUID(s.key.ID()), Box: s.key.Seal([]byte(text), associated)})
}

// next returns the path of the value that is written next. The encoder itself points at the value written last, which is
// the name of a member, but in an array the element before.
func next(enc *jsontext.Encoder) string {
	last := enc.StackPointer()
	kind, written := enc.StackIndex(enc.StackDepth())
	if kind != jsontext.KindBeginArray {
		return string(last)
	}
	if written > 0 {
		last = last.Parent()
	}
	return string(last) + "/" + strconv.FormatInt(written, 10)
}

// encode writes a value as JSON with its personal values sealed.
func (s *sealer) encode(prefix string, value any) ([]byte, error) {
	s.prefix = prefix
	return json.Marshal(value, json.WithMarshalers(json.MarshalToFunc(s.marshal)))
}

// box is a sealed value as it stands in the log.
type box struct {
	Key uuid.UUID `json:"key"`
	Box []byte    `json:"box"`
}

var (
	personalType = reflect.TypeFor[domain.Personal]()
	// holders remembers for each type of struct which fields lead to personal values.
	holders sync.Map // reflect.Type -> []holder
)

// holder is a field in or under which there is a personal value.
type holder struct {
	index int
	name  string // "/name", or empty where the field's members stand in the object itself
}

func holdersOf(t reflect.Type) []holder {
	if known, ok := holders.Load(t); ok {
		return known.([]holder)
	}
	var found []holder
	for i := range t.NumField() {
		field := t.Field(i)
		if !field.IsExported() || !leadsToPersonal(field.Type) {
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case name != "":
			name = "/" + name
		case !field.Anonymous:
			name = "/" + field.Name
		}
		found = append(found, holder{i, name})
	}
	holders.Store(t, found)
	return found
}

// leadsToPersonal reports whether a value of this type can hold personal values. No type of an event holds itself.
func leadsToPersonal(t reflect.Type) bool {
	switch {
	case t == personalType:
		return true
	case t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice:
		return leadsToPersonal(t.Elem())
	case t.Kind() == reflect.Struct:
		return len(holdersOf(t)) > 0
	}
	return false
}

// associated returns the event with its sealed values' associated data in place again.
func associated(id uuid.UUID, event domain.Event) domain.Event {
	t := reflect.TypeOf(event)
	if t.Kind() != reflect.Struct || len(holdersOf(t)) == 0 {
		return event
	}
	into := reflect.New(t).Elem()
	into.Set(reflect.ValueOf(event))
	associate(into, id.String())
	return into.Interface().(domain.Event)
}

// associate walks to every personal value under v, whose path in the JSON is path.
func associate(v reflect.Value, path string) {
	switch {
	case v.Type() == personalType:
		if sealed, ok := v.Interface().(domain.Personal).Sealed(); ok {
			sealed.Associated = path
			v.Set(reflect.ValueOf(domain.SealedValue(sealed)))
		}
	case v.Kind() == reflect.Pointer:
		if !v.IsNil() {
			associate(v.Elem(), path)
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			associate(v.Index(i), path+"/"+strconv.Itoa(i))
		}
	default:
		for _, field := range holdersOf(v.Type()) {
			associate(v.Field(field.index), path+field.name)
		}
	}
}

// Reveal returns the text of a personal value. Errors: [vault.ErrDestroyed] when it was erased, [vault.ErrUnknownKey]
// when this vault never had its key, [vault.ErrOpen] when the box is damaged or was moved. Whoever calls it has made
// sure that the reader may see the value.
func (s *Store) Reveal(ctx context.Context, p domain.Personal) (string, error) {
	sealed, ok := p.Sealed()
	if !ok {
		text, _ := p.Text()
		return text, nil
	}
	key, err := s.vault.KeyByID(ctx, vault.KeyID(sealed.Key))
	if err != nil {
		return "", err
	}
	text, err := key.Open(sealed.Box, sealed.Associated)
	if err != nil {
		return "", fmt.Errorf("key %s: %w", key.ID(), err)
	}
	return string(text), nil
}
