package procedure

import "errors"

// OneOrMany is a list that may be written as its only value.
type OneOrMany []string

// UnmarshalYAML reads a text or a list of texts.
func (o *OneOrMany) UnmarshalYAML(unmarshal func(any) error) error {
	var one string
	if unmarshal(&one) == nil {
		if one != "" {
			*o = OneOrMany{one}
		}
		return nil
	}
	var many []string
	if err := unmarshal(&many); err != nil {
		return err
	}
	*o = many
	return nil
}

// UnmarshalYAML reads a name, or a name with the stages that it looks at.
func (r *OfficerRule) UnmarshalYAML(unmarshal func(any) error) error {
	if unmarshal(&r.Name) == nil {
		return nil
	}
	var with map[string][]string
	if err := unmarshal(&with); err != nil {
		return err
	}
	if len(with) != 1 {
		return errors.New("an officer rule has one name")
	}
	for name, stages := range with {
		*r = OfficerRule{Name: name, Stages: stages}
	}
	return nil
}

// UnmarshalYAML reads the id of a clock, or a length from an event.
func (w *Window) UnmarshalYAML(unmarshal func(any) error) error {
	if unmarshal(&w.Clock) == nil {
		return nil
	}
	var length struct {
		Length int    `yaml:"length"`
		Unit   Unit   `yaml:"unit"`
		From   string `yaml:"from"`
	}
	if err := unmarshal(&length); err != nil {
		return err
	}
	*w = Window{Length: length.Length, Unit: length.Unit, From: length.From}
	return nil
}
