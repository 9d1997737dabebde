package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"time"
)

// Expect says which lines are being written, so that the sink can count those
// that it lacks.
type Expect struct {
	First     uint64 `json:"first"` // sequence number
	SeqMark   string `json:"seq_mark"`
	StampMark string `json:"stamp_mark"` // "" where latency is of no interest
}

// Tally is what the sink found in the bodies.
type Tally struct {
	Docs      int64         `json:"docs"`
	Lost      uint64        `json:"lost"`
	Repeated  uint64        `json:"repeated"`
	Strangers uint64        `json:"strangers"` // numbers that nobody wrote, and documents without one
	Missing   []uint64      `json:"missing,omitempty"`
	DocBytes  int64         `json:"doc_bytes"` // of the documents alone
	RawBytes  int64         `json:"raw_bytes"` // of the bodies before compression
	WireBytes int64         `json:"wire_bytes"`
	Gzip      GzipFigures   `json:"gzip"`
	Latency   Latency       `json:"latency"`
	Requests  []RequestMark `json:"requests,omitempty"`
	Took      time.Duration `json:"took"`
}

// GzipFigures are of compressing the same bytes alone: with gzip, or with zstd
// for Kafka.
type GzipFigures struct {
	CPU time.Duration `json:"cpu"`
	Raw int64         `json:"raw"`
	Out int64         `json:"out"`
}

// Latency is the time from just before a line's write() to when its request had
// been read.
type Latency struct {
	Count int           `json:"count"`
	P50   time.Duration `json:"p50"`
	P99   time.Duration `json:"p99"`
	P999  time.Duration `json:"p999"`
	Max   time.Duration `json:"max"`
}

// RequestMark is one request, to see how a backlog was worked off.
type RequestMark struct {
	At     int64 `json:"at"` // Unix ns
	Docs   int   `json:"docs"`
	Bytes  int   `json:"bytes"`  // raw
	Oldest int64 `json:"oldest"` // stamp of its oldest line
}

// counter looks into bodies. It keeps its sums from tally to tally, so that a
// run can be measured in stretches.
type counter struct {
	form      form
	expect    Expect
	seqs      *seqSet
	sum       Tally
	unit      *unit
	inflater  inflater
	latencies []int32 // microseconds
}

func newCounter(f form, e Expect) (*counter, error) {
	by, err := f.unit()
	if err != nil {
		return nil, err
	}
	return &counter{form: f, expect: e, seqs: newSeqSet(e.First, 0), unit: newUnit(by)}, nil
}

// count adds the bodies to the sums and returns them, given that count numbers
// were written in all.
func (c *counter) count(bodies []body, count uint64, withGzip bool) (Tally, error) {
	runtime.LockOSThread() // threadCPU is the thread's
	defer runtime.UnlockOSThread()
	started := time.Now()
	c.seqs.grow(count)
	for _, b := range bodies {
		raw, err := c.form.raw(b, &c.inflater)
		if err != nil {
			return Tally{}, err
		}
		if err := c.addBody(raw, b); err != nil {
			return Tally{}, err
		}
		if withGzip {
			if err := c.unit.add(raw); err != nil {
				return Tally{}, err
			}
		}
	}
	if withGzip {
		if err := c.unit.finish(); err != nil {
			return Tally{}, err
		}
	}
	t := c.sum
	t.Lost, t.Repeated, t.Missing = c.seqs.lost(), c.seqs.repeated, c.seqs.missing(10)
	t.Strangers += c.seqs.strangers
	t.Gzip = GzipFigures{CPU: c.unit.cpu, Raw: c.unit.raw, Out: c.unit.out}
	t.Latency = c.latency()
	t.Took = time.Since(started)
	return t, nil
}

func (c *counter) addBody(raw []byte, b body) error {
	mark := RequestMark{At: b.at.UnixNano(), Bytes: len(raw)}
	c.sum.RawBytes += int64(len(raw))
	c.sum.WireBytes += int64(len(b.sent))
	var invalid error
	err := c.form.documents(raw, func(doc []byte) {
		if mark.Docs%1000 == 0 && !json.Valid(doc) {
			invalid = fmt.Errorf("a document is not valid JSON: %.200s", doc)
		}
		c.addDoc(doc, b.at, &mark)
	})
	c.sum.Requests = append(c.sum.Requests, mark)
	return firstError(err, invalid)
}

func (c *counter) addDoc(doc []byte, at time.Time, mark *RequestMark) {
	mark.Docs++
	c.sum.Docs++
	c.sum.DocBytes += int64(len(doc))
	seq, ok := numberAfter(doc, c.expect.SeqMark)
	if !ok {
		c.sum.Strangers++
		return
	}
	c.seqs.add(seq)
	if c.expect.StampMark == "" {
		return
	}
	if stamp, ok := numberAfter(doc, c.expect.StampMark); ok {
		if mark.Oldest == 0 || int64(stamp) < mark.Oldest {
			mark.Oldest = int64(stamp)
		}
		c.latencies = append(c.latencies, int32(min((at.UnixNano()-int64(stamp))/1000, 1<<31-1)))
	}
}

// numberAfter returns the decimal number that follows the first mark in text.
func numberAfter(text []byte, mark string) (uint64, bool) {
	i := bytes.Index(text, []byte(mark))
	if i < 0 {
		return 0, false
	}
	text = text[i+len(mark):]
	var n uint64
	digits := 0
	for ; digits < len(text) && text[digits]-'0' <= 9; digits++ {
		n = n*10 + uint64(text[digits]-'0')
	}
	return n, digits > 0
}

func (c *counter) latency() Latency {
	n := len(c.latencies)
	if n == 0 {
		return Latency{}
	}
	slices.Sort(c.latencies)
	at := func(q float64) time.Duration {
		return time.Duration(c.latencies[min(int(q*float64(n)), n-1)]) * time.Microsecond
	}
	return Latency{Count: n, P50: at(.5), P99: at(.99), P999: at(.999), Max: at(1)}
}
