package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/createtopics"
	"github.com/segmentio/kafka-go/protocol/metadata"
	"github.com/segmentio/kafka-go/protocol/produce"
	"github.com/segmentio/kafka-go/protocol/rawproduce"
)

// cluster is a kafka-go RoundTripper that sends each request where it belongs.
//
// kafka-go's own Transport is not used. It asks for all topics of the cluster
// every few seconds, or for a list that is fixed when it is made; it cannot be
// told that a leader has moved; a request whose context has ended goes on in a
// goroutine of its own and may be written later; its log in has no deadline;
// and it looks up a transaction coordinator for a producer that has no
// transactions. Here a request belongs to the goroutine that sends it.
type cluster struct {
	dialer *dialer
	seeds  []string
	topics func() []string // names to ask for
	now    func() time.Time

	layout atomic.Pointer[layout]
	turn   chan struct{} // holds a token while one asks for metadata

	mu     sync.Mutex
	idle   map[string][]*conn // by address; guarded by mu
	closed bool               // guarded by mu
}

// idleLimit is how long a connection is kept. Brokers forget one after ten
// minutes, balancers on the way after four.
const idleLimit = 55 * time.Second

func newCluster(d *dialer, seeds []string, topics func() []string, now func() time.Time) *cluster {
	c := &cluster{dialer: d, seeds: seeds, topics: topics, now: now, turn: make(chan struct{}, 1), idle: map[string][]*conn{}}
	c.layout.Store(&layout{})
	return c
}

// unsent wraps an error of a request of which no byte was written.
type unsent struct{ err error }

func (e *unsent) Error() string { return e.err.Error() }
func (e *unsent) Unwrap() error { return e.err }

// RoundTrip implements kafka.RoundTripper. The address is not looked at.
func (c *cluster) RoundTrip(ctx context.Context, _ net.Addr, req protocol.Message) (protocol.Message, error) {
	switch r := req.(type) {
	case *rawproduce.Request:
		address, err := c.layout.Load().leader(r.Topics[0].Topic, r.Topics[0].Partitions[0].Partition)
		if err != nil {
			return nil, &unsent{err}
		}
		answer, err := c.ask(ctx, address, req)
		if err == nil && !answers(answer, r) {
			return nil, errAnswerBroken
		}
		return answer, err
	case *createtopics.Request:
		l := c.layout.Load()
		if address, ok := l.brokers[l.controller]; ok {
			return c.ask(ctx, address, req)
		}
	}
	return c.askAny(ctx, req)
}

// askAny asks brokers in any order until one answers.
func (c *cluster) askAny(ctx context.Context, req protocol.Message) (protocol.Message, error) {
	var errs []error
	known := c.layout.Load().brokers
	tried := map[string]bool{}
	try := func(address string) (protocol.Message, bool) {
		if tried[address] || ctx.Err() != nil {
			return nil, false
		}
		tried[address] = true
		answer, err := c.ask(ctx, address, req)
		if err != nil {
			errs = append(errs, err)
		}
		return answer, err == nil
	}
	for _, address := range known { // maps have no order
		if answer, ok := try(address); ok {
			return answer, nil
		}
	}
	for _, k := range rand.Perm(len(c.seeds)) {
		if answer, ok := try(c.seeds[k]); ok {
			return answer, nil
		}
	}
	if len(errs) == 0 {
		return nil, ctx.Err()
	}
	return nil, errors.Join(errs...)
}

// ask sends a request to one broker, over an idle connection if there is one.
// All our requests may be sent twice: produce requests are numbered, the
// others ask or make what may be there. So where a connection that has served
// before breaks, the request goes once more over a new one.
func (c *cluster) ask(ctx context.Context, address string, req protocol.Message) (protocol.Message, error) {
	old := c.take(address)
	if old != nil {
		answer, err := c.use(ctx, old, address, req)
		if err == nil || ctx.Err() != nil || !rewind(req) {
			return answer, err
		}
	}
	fresh, err := c.dialer.dial(ctx, address)
	switch {
	case err != nil && old != nil:
		return nil, err // the old one may have carried it
	case err != nil:
		return nil, &unsent{err}
	}
	return c.use(ctx, fresh, address, req)
}

// rewind makes a request ready to be written again.
func rewind(req protocol.Message) bool {
	r, ok := req.(*rawproduce.Request)
	if !ok {
		return true
	}
	set, ok := r.Topics[0].Partitions[0].RecordSet.Reader.(io.Seeker)
	if !ok {
		return false
	}
	_, err := set.Seek(0, io.SeekStart)
	return err == nil
}

// answers reports whether a produce answer is about the request's partition
// and no other. kafka-go takes whatever stands first.
func answers(msg protocol.Message, r *rawproduce.Request) bool {
	a, ok := msg.(*produce.Response)
	return ok && len(a.Topics) == 1 && a.Topics[0].Topic == r.Topics[0].Topic &&
		len(a.Topics[0].Partitions) == 1 && a.Topics[0].Partitions[0].Partition == r.Topics[0].Partitions[0].Partition
}

func (c *cluster) use(ctx context.Context, k *conn, address string, req protocol.Message) (protocol.Message, error) {
	answer, err := k.roundTrip(ctx, req)
	if err != nil {
		k.close()
		return nil, fmt.Errorf("ask broker %s: %w", address, err)
	}
	c.give(address, k)
	return answer, nil
}

// take returns an idle connection, or nil.
func (c *cluster) take(address string) *conn {
	var stale []*conn
	defer func() { closeAll(stale) }()
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.idle[address]
	for len(list) > 0 {
		k := list[len(list)-1]
		list = list[:len(list)-1]
		c.idle[address] = list
		if c.now().Sub(k.idleFrom) < idleLimit {
			return k
		}
		stale = append(stale, k)
	}
	return nil
}

// give keeps a connection for later.
func (c *cluster) give(address string, k *conn) {
	k.idleFrom = c.now()
	c.mu.Lock()
	keep := !c.closed && len(c.idle[address]) < 64
	if keep {
		c.idle[address] = append(c.idle[address], k)
	}
	c.mu.Unlock()
	if !keep {
		k.close()
	}
}

// close ends all connections.
func (c *cluster) close() {
	c.mu.Lock()
	idle := c.idle
	c.idle, c.closed = nil, true
	c.mu.Unlock()
	for _, list := range idle {
		closeAll(list)
	}
}

func closeAll(list []*conn) {
	for _, k := range list {
		k.close()
	}
}

// refresh asks the brokers for the layout, unless somebody else has since seen
// was loaded.
func (c *cluster) refresh(ctx context.Context, seen *layout) error {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-c.turn }()
	if c.layout.Load() != seen {
		return nil
	}
	answer, err := c.askAny(ctx, &metadata.Request{TopicNames: c.topics()})
	if err != nil {
		return fmt.Errorf("ask for metadata: %w", err)
	}
	m, ok := answer.(*metadata.Response)
	if !ok {
		return errAnswerBroken
	}
	c.layout.Store(readLayout(m, c.now()))
	return nil
}
