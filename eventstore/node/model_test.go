package node

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
)

// model is what a real server answers, in the steps in which its sources decide it: page by page, and with what it
// remembers of ids. It shares nothing with the node.
type model struct {
	streams map[string][]modelEvent
	ended   map[string]bool
	owners  map[uint64]modelOwner
}

type modelEvent struct {
	id       uint64 // 0 for what the server wrote itself
	data     string
	position uint64
}

type modelOwner struct {
	stream string
	number int64
}

const modelDeleted = math.MaxInt64

func (m *model) lastNumber(stream string) int64 {
	if original, ok := strings.CutPrefix(stream, "$$"); ok && m.lastNumber(original) == modelDeleted {
		return modelDeleted
	}
	if m.ended[stream] {
		return modelDeleted
	}
	return int64(len(m.streams[stream])) - 1
}

type modelMetadata struct {
	MaxCount       *int64 `json:"$maxCount"`
	TruncateBefore *int64 `json:"$tb"`
}

func (m *model) metadata(stream string) (meta modelMetadata) {
	if strings.HasPrefix(stream, "$$") {
		one := int64(1)
		return modelMetadata{MaxCount: &one}
	}
	all := m.streams["$$"+stream]
	if len(all) == 0 || json.Unmarshal([]byte(all[len(all)-1].data), &meta) != nil {
		return modelMetadata{}
	}
	return meta
}

func (m *model) softDeleted(stream string) bool {
	before := m.metadata(stream).TruncateBefore
	return before != nil && *before == modelDeleted
}

func (m *model) minimum(stream string) int64 {
	meta, least := m.metadata(stream), int64(0)
	if meta.MaxCount != nil {
		least = max(least, m.lastNumber(stream)-*meta.MaxCount+1)
	}
	if meta.TruncateBefore != nil {
		least = max(least, *meta.TruncateBefore)
	}
	return least
}

// check decides a commit. shows says whether a known one has a position.
func (m *model) check(stream string, expected int64, ids []uint64) (answer string, undelete bool) {
	current := m.lastNumber(stream)
	wrong := fmt.Sprint("wrong ", current)
	if current == modelDeleted {
		return "deleted", false
	}
	if expected == -4 {
		if m.softDeleted(stream) {
			return "deleted", false
		}
		if current < 0 && m.lastNumber("$$"+stream) < 0 {
			return wrong, false
		}
	}
	known := func(number int64) string {
		at := "nowhere"
		if number >= m.minimum(stream) && !m.softDeleted(stream) {
			at = fmt.Sprint(m.streams[stream][number].position)
		}
		return fmt.Sprintf("done %d at %s", number, at)
	}
	if expected == -2 || expected == -4 {
		end := int64(-1)
		for i, id := range ids {
			owner, ok := m.owners[id]
			if !ok || owner.stream != stream {
				if i == 0 {
					return "", m.softDeleted(stream)
				}
				return wrong, false
			}
			end = owner.number
		}
		if len(ids) == 0 {
			return "", m.softDeleted(stream)
		}
		return known(end), false
	}
	if expected < current {
		number := expected
		for i, id := range ids {
			number++
			if number <= current && m.streams[stream][number].id == id {
				continue
			}
			if i == 0 && expected == -1 && m.softDeleted(stream) {
				return "", true
			}
			return wrong, false
		}
		if len(ids) == 0 {
			return wrong, false
		}
		return known(number), false
	}
	if expected > current {
		return wrong, false
	}
	return "", m.softDeleted(stream)
}

// wrote follows a write that check has allowed, and answers the revision of its last event.
func (m *model) wrote(stream string, ids []uint64, data string, undelete bool) int64 {
	original, isMeta := strings.CutPrefix(stream, "$$")
	undeleteMeta := isMeta && m.softDeleted(original)
	for _, id := range ids {
		m.streams[stream] = append(m.streams[stream], modelEvent{id: id, data: data})
		if _, ok := m.owners[id]; !ok {
			m.owners[id] = modelOwner{stream, m.lastNumber(stream)}
		}
	}
	last := m.lastNumber(stream)
	if undelete {
		m.show(stream, last-int64(len(ids))+1)
	}
	if undeleteMeta {
		m.show(original, m.lastNumber(original)+1)
	}
	return last
}

func (m *model) show(stream string, from int64) {
	all := m.streams["$$"+stream]
	object := map[string]json.RawMessage{}
	if json.Unmarshal([]byte(all[len(all)-1].data), &object) != nil {
		return
	}
	object["$tb"] = json.RawMessage(fmt.Sprint(from))
	text, _ := json.Marshal(object)
	m.streams["$$"+stream] = append(all, modelEvent{data: string(text)})
}

// remove answers as check does.
func (m *model) remove(stream string, expected int64, hard bool) string {
	answer, _ := m.check(stream, expected, []uint64{math.MaxUint64})
	switch {
	case answer != "":
		return answer
	case hard:
		m.ended[stream] = true
	case m.lastNumber(stream) < 0 && m.lastNumber("$$"+stream) < 0:
		return "wrong -1"
	default:
		m.streams["$$"+stream] = append(m.streams["$$"+stream], modelEvent{data: fmt.Sprintf(`{"$tb":%d}`, int64(modelDeleted))})
	}
	return "removed"
}

const modelPage = 32

// forwards answers the messages of a read with positions.
func (m *model) forwards(stream string, from, count int64) string {
	var out []string
	for read := int64(0); ; {
		last := m.lastNumber(stream)
		if last == modelDeleted {
			return "deleted"
		}
		if last < 0 || m.softDeleted(stream) {
			return "missing"
		}
		page := min(modelPage, count)
		start, end := from, from+page-1
		if from >= math.MaxInt64-page+1 {
			end = math.MaxInt64
		}
		least := m.minimum(stream)
		var numbers []int64
		next, over := int64(0), false
		switch {
		case end < least:
			next = least
		case max(start, least) > last:
			next, over = last+1, true
		default:
			for n := max(start, least); n <= min(end, last); n++ {
				numbers = append(numbers, n)
			}
			next, over = numbers[len(numbers)-1]+1, end >= last
		}
		if read == 0 && len(numbers) == 0 && from != next {
			out = append(out, fmt.Sprint("first=", next))
		}
		for _, n := range numbers {
			if read < count {
				out = append(out, fmt.Sprint(n))
				read++
			}
		}
		if !over && read < count {
			from = next
			continue
		}
		return strings.Join(append(out, fmt.Sprint("last=", last)), " ")
	}
}

func (m *model) backwards(stream string, from, count int64) string {
	var out []string
	for read := int64(0); ; {
		last := m.lastNumber(stream)
		if last == modelDeleted {
			return "deleted"
		}
		if last < 0 || m.softDeleted(stream) {
			return "missing"
		}
		end := from
		if from < 0 {
			end = last
		}
		start, over := max(0, end-min(modelPage, count)+1), false
		least := m.minimum(stream)
		if end < least {
			return strings.Join(append(out, fmt.Sprint("last=", last)), " ")
		}
		if start <= least {
			over, start = true, least
		}
		var numbers []int64
		for n := min(end, last); n >= start; n-- {
			numbers = append(numbers, n)
		}
		over = over || start == 0 || start <= last && (len(numbers) == 0 || numbers[len(numbers)-1] != start)
		for _, n := range numbers {
			if read < count {
				out = append(out, fmt.Sprint(n))
				read++
			}
		}
		if !over && read < count {
			from = min(start-1, last)
			continue
		}
		return strings.Join(append(out, fmt.Sprint("last=", last)), " ")
	}
}
