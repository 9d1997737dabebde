package buffer

import "slices"

// hot is the newest records with documents, in memory. Guarded by Log.mu.
type hot struct {
	records []hotRecord // those from head on; consecutive
	head    int
	bytes   int64
}

type hotRecord struct {
	record *Record // shared and read-only
	cut    uint64
}

func (r hotRecord) size() int64 { return int64(len(r.record.Index) + len(r.record.Body)) }

func (h *hot) push(r *Record, cut uint64) {
	rec := hotRecord{r, cut}
	h.records = append(h.records, rec)
	h.bytes += rec.size()
}

// evict forgets the oldest records that are beyond the budget and synced.
func (h *hot) evict(budget int64, synced uint64) {
	for h.head < len(h.records) && h.bytes > budget && h.records[h.head].cut <= synced {
		h.bytes -= h.records[h.head].size()
		h.records[h.head] = hotRecord{}
		h.head++
	}
	if h.head > len(h.records)/2 {
		h.records = slices.Delete(h.records, 0, h.head)
		h.head = 0
	}
}

// first is the sequence number of the oldest document in memory, or next if there is none.
func (h *hot) first(next uint64) uint64 {
	if h.head == len(h.records) {
		return next
	}
	return h.records[h.head].record.First
}

// find returns the record that holds the document, or false if it is not in memory.
func (h *hot) find(seq uint64) (hotRecord, bool) {
	live := h.records[h.head:]
	if len(live) == 0 || seq < live[0].record.First {
		return hotRecord{}, false
	}
	i, _ := slices.BinarySearchFunc(live, seq, func(r hotRecord, t uint64) int {
		return cmpUint(r.record.First+uint64(r.record.Count), t+1)
	})
	if i == len(live) {
		return hotRecord{}, false
	}
	return live[i], true
}
