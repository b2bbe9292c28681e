package node

import "hash/crc32"

// heads says which event is the newest of each stream, in 8 bytes a slot: the tag of the stream's name, and the event.
// Names are not kept. Two streams may have the same tag; they have a slot each, and the record of the newest event tells
// whose it is. Slots are in the order of their tags, but for those that had to move on to the next free slot, so that tags
// entered in order touch memory in order. heads is not safe for concurrent use; the log guards it.
type heads struct {
	slots []uint64 // tag<<32 | event+1; 0 is free
	used  int
}

// leastSlots is the size of a table with nothing in it.
const leastSlots = 1 << 8

// newHeads answers a table for so many streams.
func newHeads(streams int) heads {
	return heads{slots: make([]uint64, max(leastSlots, streams+streams/4))}
}

// tagOf shortens a stream's name to 32 well mixed bits.
func tagOf(name string) uint32 {
	x := crc32.Checksum([]byte(name), castagnoli)
	x = (x ^ x>>16) * 0x85ebca6b
	x = (x ^ x>>13) * 0xc2b2ae35
	return x ^ x>>16
}

func slotOf(tag, event uint32) uint64 { return uint64(tag)<<32 | uint64(event) + 1 }

// start answers where the slots of a tag may begin.
func (h *heads) start(tag uint32) int {
	return int(uint64(tag) * uint64(len(h.slots)) >> 32)
}

func (h *heads) after(i int) int {
	if i++; i < len(h.slots) {
		return i
	}
	return 0
}

// candidates answers the newest events of the streams whose name has the tag, appended to buf.
func (h *heads) candidates(tag uint32, buf []uint32) []uint32 {
	for i := h.start(tag); h.slots[i] != 0; i = h.after(i) {
		if uint32(h.slots[i]>>32) == tag {
			buf = append(buf, uint32(h.slots[i])-1)
		}
	}
	return buf
}

// move makes last the newest event of the stream with this tag whose newest event was before. It answers whether there
// is one.
func (h *heads) move(tag, before, last uint32) bool {
	want := slotOf(tag, before)
	for i := h.start(tag); h.slots[i] != 0; i = h.after(i) {
		if h.slots[i] == want {
			h.slots[i] = slotOf(tag, last)
			return true
		}
	}
	return false
}

// add enters a stream. There must be room for it.
func (h *heads) add(tag, last uint32) {
	h.put(slotOf(tag, last))
	h.used++
}

func (h *heads) put(slot uint64) {
	i := h.start(uint32(slot >> 32))
	for h.slots[i] != 0 {
		i = h.after(i)
	}
	h.slots[i] = slot
}

// room answers a table like h with room for n more streams: h itself, or one with twice the slots.
func (h heads) room(n int) heads {
	for h.used+n > len(h.slots)/8*7 {
		larger := heads{slots: make([]uint64, 2*len(h.slots)), used: h.used}
		for _, slot := range h.slots {
			if slot != 0 {
				larger.put(slot)
			}
		}
		h = larger
	}
	return h
}
