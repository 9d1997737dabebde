package pipeline

import (
	"context"
	"encoding/binary"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/renthub/sluice/buffer"
	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/inputs"
)

// Why documents of a damaged record are lost. They are also labels of a metric.
const (
	lostIndex   = "its index cannot be read"
	lostUnknown = "its source is not known any more"
	lostInput   = "its input is not in the config"
	lostStream  = "its source cannot be read twice"
	lostGone    = "its source is gone, or holds something else"
	lostRecord  = "its lines are cut otherwise now"
	lostState   = "the buffer's state cannot be read"
	lostFull    = "the buffer is full because of it"
	lostWrite   = "it cannot be written"
)

// stuckCheck is how often it is looked whether an append in place of a damaged
// record can never go on.
const stuckCheck = time.Second

// healer replaces damaged records of the buffer: it has their lines read again
// and appends the documents once more, for the outputs that lack them. Ids are
// positions, so the documents are the same. What cannot be had again is
// counted as lost.
type healer struct {
	log    *buffer.Log
	graph  *atomic.Pointer[Graph]
	pool   *event.Pool
	logger *slog.Logger
	began  uint64           // the first number of this run
	ends   map[uint64]int64 // where inputs went on at the start, by source

	owners atomic.Pointer[map[string]inputs.Input] // by address; nil before the first start
	cancel context.CancelFunc                      // nil while it does not run
	ended  chan struct{}

	mu    sync.Mutex
	tally Damage // guarded by mu
}

// Damage is what became of the documents of damaged records since the start.
type Damage struct {
	Reread int64            `json:"reread"`         // read again from their sources
	Lost   map[string]int64 `json:"lost,omitempty"` // by reason
}

func newHealer(log *buffer.Log, in *Ingest, logger *slog.Logger) *healer {
	return &healer{
		log: log, graph: &in.graph, pool: in.pool, logger: logger,
		began: log.Stats().NextSeq, ends: in.sources.ends(), ended: make(chan struct{}),
		tally: Damage{Lost: map[string]int64{}},
	}
}

// own says which inputs there are now.
func (h *healer) own(running map[string]*runningInput) {
	owners := make(map[string]inputs.Input, len(running))
	for address, r := range running {
		owners[address] = r.in
	}
	h.owners.Store(&owners)
}

// start begins to replace records, until stop. Inputs and graph are set.
func (h *healer) start() {
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	go func() {
		defer close(h.ended)
		for {
			select {
			case r := <-h.log.Repairs():
				h.heal(ctx, r)
			case <-ctx.Done():
				return
			}
		}
	}()
}

// stop ends the work. What is not settled is found again at the next start.
func (h *healer) stop() {
	if h.cancel != nil {
		h.cancel()
		<-h.ended
	}
}

// damage returns what was done so far.
func (h *healer) damage() Damage {
	h.mu.Lock()
	defer h.mu.Unlock()
	d := Damage{Reread: h.tally.Reread, Lost: make(map[string]int64, len(h.tally.Lost))}
	for why, n := range h.tally.Lost {
		d.Lost[why] = n
	}
	return d
}

// passed counts documents of records that nothing is known of but their number.
func (h *healer) passed(d buffer.DamagedRecord) {
	h.mu.Lock()
	h.tally.Lost[d.Reason] += int64(d.Count)
	h.mu.Unlock()
	h.logger.Warn("documents cannot be read back from the buffer", "output", d.Cursor, "first", d.First, "documents", d.Count,
		"segment", d.Segment, "offset", d.Offset, "reason", d.Reason)
}

// heal replaces what can be of one record and settles all of it. If ctx ends
// before, nothing is settled.
func (h *healer) heal(ctx context.Context, r *buffer.Repair) {
	m := newMending(r, h.graph.Load())
	if m.plan() {
		for _, id := range m.sources {
			if err := h.source(ctx, m, id); err != nil {
				h.logger.Error("damaged record cannot be made again", "first", r.First, "error", err)
				m.lose(id, lostWrite)
			}
			if ctx.Err() != nil {
				return
			}
		}
		if !h.append(ctx, m) {
			return
		}
	}
	h.count(m, m.settle())
}

// source has the lines of one source read again and makes documents of them.
func (h *healer) source(ctx context.Context, m *mending, id uint64) error {
	if end, ok := h.ends[id]; ok && m.repair.First < h.began {
		m.skip(id, end)
	}
	want := m.extents(id)
	if len(want) == 0 {
		return nil
	}
	src, seen, why := h.know(m.repair, id)
	if why != "" {
		m.lose(id, why)
		return nil
	}
	m.names = append(m.names, src.name)
	in, ok := (*h.owners.Load())[src.input]
	if !ok {
		m.lose(id, lostInput)
		return nil
	}
	again, ok := in.(inputs.Rereader)
	if !ok {
		m.lose(id, lostStream)
		return nil
	}
	b, err := again.Reread(ctx, id, seen, want)
	if err != nil {
		h.logger.Debug("source cannot be read again", "source", src.name, "error", err)
		m.lose(id, lostGone)
		return nil
	}
	m.lose(id, lostRecord) // unless it is in the batch
	defer h.pool.Put(b)
	return m.add(b)
}

// know returns what the buffer holds of a source: its definition, and
// positions at which it was seen, those just behind the record first. A
// definition that only a damaged cut has was lost at the next start, when the
// source got another: what was read then has other ids.
func (h *healer) know(r *buffer.Repair, id uint64) (src sourceState, seen []inputs.Position, why string) {
	key := string(binary.BigEndian.AppendUint64(nil, id))
	def, pos := "d"+key, "p"+key
	at, err := r.State([]string{def, pos})
	if err != nil {
		return src, nil, lostState
	}
	now := h.log.State()
	defs := [][]byte{at.Before[def], at.After[def], now[def]}
	if r.First >= h.began {
		defs = append(defs, at.Own[def])
	}
	for _, val := range defs {
		if val != nil && src.decodeDefinition(val) == nil {
			break
		}
	}
	for _, val := range [][]byte{at.Own[pos], at.After[pos], at.Before[pos], now[pos]} {
		one := src
		if val != nil && one.decodePosition(val) == nil {
			seen = append(seen, inputs.Position{Name: one.name, Stream: one.stream, End: one.end, State: one.state})
		}
	}
	if src.input == "" || len(seen) == 0 {
		return src, nil, lostUnknown
	}
	return src, seen, ""
}

// append writes the new records and waits until they are on disk. It returns
// false if ctx ended before.
func (h *healer) append(ctx context.Context, m *mending) bool {
	records, err := m.records()
	if err == nil && len(records) > 0 {
		err = h.write(ctx, m.repair, records)
	}
	if ctx.Err() != nil {
		return false
	}
	if err != nil {
		why := lostWrite
		if m.repair.Stuck() {
			why = lostFull
		}
		h.logger.Warn("damaged record cannot be replaced", "first", m.repair.First, "error", err)
		m.loseWritten(why)
	}
	return true
}

// write appends records, unless that can never be.
func (h *healer) write(ctx context.Context, r *buffer.Repair, records []*buffer.Record) error {
	room, cancel := context.WithCancel(ctx)
	defer cancel()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		look := time.NewTicker(stuckCheck)
		defer look.Stop()
		for {
			select {
			case <-look.C:
				if r.Stuck() {
					cancel()
				}
			case <-room.Done():
				return
			}
		}
	}()
	ticket, err := h.log.Append(room, records)
	cancel()
	<-watched
	if err != nil {
		return err
	}
	return ticket.Wait(ctx)
}

// count counts and says, once for each record, what became of it.
func (h *healer) count(m *mending, lost map[string]int64) {
	h.mu.Lock()
	h.tally.Reread += int64(len(m.placed))
	for why, n := range lost {
		h.tally.Lost[why] += n
	}
	h.mu.Unlock()
	r := m.repair
	attrs := []any{"first", r.First, "documents", r.Count, "segment", r.Segment, "offset", r.Offset,
		"outputs", m.outputs(), "sources", m.names, "read_again", len(m.placed)}
	if len(lost) == 0 {
		h.logger.Info("damaged record was read again from its sources", attrs...)
		return
	}
	h.logger.Warn("documents of a damaged record are lost", append(attrs, "lost", lost)...)
}
