package splunk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/renthub/sluice/outputs"
)

// patience is how long acknowledgement is waited for.
type patience struct {
	first, last time.Duration // between two polls, at first and later
	// grace is how long to wait once an indexer has come back from a restart:
	// what it knew of our ids is gone, and waiting on holds up others.
	grace time.Duration
}

// usualPatience fits an indexer, which takes a second or so.
var usualPatience = patience{first: 100 * time.Millisecond, last: 5 * time.Second, grace: 30 * time.Second}

var (
	errAckOff   = errors.New("the token does not acknowledge")
	errUnacked  = errors.New("not acknowledged in time: a balancer in between must be sticky")
	errNotAcked = errors.New("not indexed yet")
)

// await waits until the request of an id is indexed. It polls at the endpoint
// that took the request: no other knows the id.
func (o *Output) await(ctx context.Context, base string, c *channel, id int64) error {
	limit := time.NewTimer(o.config.AckTimeout.Std())
	defer limit.Stop()
	down, last := false, error(errNotAcked)
	for pause := o.patience.first; ; pause = min(pause*2, o.patience.last) {
		if err := sleep(ctx, pause, limit.C); err != nil {
			return fmt.Errorf("wait for acknowledgement: %w: %w", err, last)
		}
		err := o.poll(ctx, base, c, id)
		last = err
		switch {
		case err == nil:
			return nil
		case errors.Is(err, errAckOff), ctx.Err() != nil:
			return fmt.Errorf("ask for acknowledgement: %w", err)
		case isDown(err):
			down = true
		case down && errors.Is(err, errNotAcked):
			down = false
			limit.Reset(min(o.patience.grace, o.config.AckTimeout.Std()))
		}
	}
}

// isDown reports whether no indexer runs at the address.
func isDown(err error) bool {
	var refusal *refused
	return errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &refusal) && refusal.code == codeShuttingDown
}

// sleep waits for a pause, or returns why it ended early.
func sleep(ctx context.Context, pause time.Duration, limit <-chan time.Time) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-limit:
		return errUnacked
	case <-ctx.Done():
		return ctx.Err()
	}
}

// poll asks once whether a request is indexed: nil is yes.
func (o *Output) poll(ctx context.Context, base string, c *channel, id int64) error {
	body := strconv.AppendInt([]byte(`{"acks":[`), id, 10)
	a, _, err := o.post(ctx, base, ackPath, c, bytes.NewReader(append(body, "]}"...)))
	if err != nil {
		return err
	}
	if a.code == codeAckOff {
		return errAckOff
	}
	if a.status != http.StatusOK || a.code != none {
		return &refused{a}
	}
	if !acknowledges(a.raw, id) {
		return errNotAcked
	}
	return nil
}

// acknowledges reports whether an answer says that an id is indexed. What it
// does not say clearly is not.
func acknowledges(body []byte, id int64) bool {
	var read struct {
		Acks map[string]bool `json:"acks"`
	}
	return json.Unmarshal(body, &read) == nil && read.Acks[strconv.FormatInt(id, 10)]
}

// demandAcks makes sure that the token acknowledges before anything is sent
// that would be sent again and again without it.
func (o *Output) demandAcks(ctx context.Context) error {
	if o.config.Ack != ackRequired || o.demanded.Load() {
		return nil
	}
	err := o.probeAcks(ctx, "")
	if err != nil {
		return err
	}
	o.demanded.Store(true)
	return nil
}

// probeAcks asks for an id that was never given. It changes nothing.
func (o *Output) probeAcks(ctx context.Context, base string) error {
	err := o.poll(ctx, base, &channel{id: newGUID()}, 0)
	var refusal *refused
	switch {
	case err == nil, errors.Is(err, errNotAcked):
		return nil
	case errors.Is(err, errAckOff):
		return &outputs.Misconfigured{Err: fmt.Errorf(`%w: set useACK on it, or ack = "auto"`, errAckOff)}
	case errors.As(err, &refusal):
		return o.refusal(refusal.answer, 0)
	}
	return err
}
