//go:build integration

package rig

import (
	"fmt"
	"sync"
	"testing"
)

// Ledger counts how often each line came.
type Ledger struct {
	mu        sync.Mutex
	times     map[int][]uint8 // by writer and number; guarded by mu
	came      uint64          // guarded by mu; repeats included
	strangers []string        // documents that are no line of ours; guarded by mu, at most a few
}

// Add counts one document.
func (l *Ledger) Add(doc []byte) {
	writer, seq, ok := ReadLine(doc)
	l.mu.Lock()
	defer l.mu.Unlock()
	if !ok || seq >= 1<<32 {
		if len(l.strangers) < 5 {
			l.strangers = append(l.strangers, string(doc))
		}
		return
	}
	if l.times == nil {
		l.times = map[int][]uint8{}
	}
	l.came++
	of := l.times[writer]
	for uint64(len(of)) <= seq {
		of = append(of, make([]uint8, max(1024, len(of)))...)
	}
	if of[seq] < 255 {
		of[seq]++
	}
	l.times[writer] = of
}

// Came is how many documents were counted.
func (l *Ledger) Came() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.came
}

// Has says whether a line came.
func (l *Ledger) Has(writer int, seq uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	of := l.times[writer]
	return seq < uint64(len(of)) && of[seq] > 0
}

// Balance is what a ledger says of the lines that were written.
type Balance struct {
	Written, Distinct, Lost, Repeated uint64
	Examples                          []string // of lost and repeated lines
	Strangers                         []string
}

func (b Balance) String() string {
	return fmt.Sprintf("%d written, %d lost, %d repeated, %d strangers", b.Written, b.Lost, b.Repeated, len(b.Strangers))
}

// Balance compares with how many lines each writer wrote: numbers 0 up to that.
func (l *Ledger) Balance(written map[int]uint64) Balance {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := Balance{Strangers: l.strangers}
	example := func(format string, args ...any) {
		if len(b.Examples) < 20 {
			b.Examples = append(b.Examples, fmt.Sprintf(format, args...))
		}
	}
	for writer, count := range written {
		b.Written += count
		of := l.times[writer]
		for seq := uint64(0); seq < max(count, uint64(len(of))); seq++ {
			var times uint8
			if seq < uint64(len(of)) {
				times = of[seq]
			}
			switch {
			case seq >= count && times > 0:
				b.Strangers = append(b.Strangers, fmt.Sprintf("writer %d line %d was not written", writer, seq))
			case seq >= count:
			case times == 0:
				b.Lost++
				example("writer %d line %d is lost", writer, seq)
			default:
				b.Distinct++
				b.Repeated += uint64(times - 1)
				if times > 1 {
					example("writer %d line %d came %d times", writer, seq, times)
				}
			}
		}
	}
	for writer := range l.times {
		if _, ok := written[writer]; !ok {
			b.Strangers = append(b.Strangers, fmt.Sprintf("writer %d is unknown", writer))
		}
	}
	return b
}

// Demand fails the test unless each line written came exactly once.
func (l *Ledger) Demand(t testing.TB, written map[int]uint64) Balance {
	t.Helper()
	b := l.Balance(written)
	if b.Lost > 0 || b.Repeated > 0 || len(b.Strangers) > 0 {
		t.Errorf("%s; %q; %q", b, b.Examples, b.Strangers)
	}
	return b
}
