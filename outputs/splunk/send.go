package splunk

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/renthub/sluice/internal/httpsend"
	"github.com/renthub/sluice/outputs"
)

// easePause is how long nothing is sent after the collector said that it is
// nearly full.
const easePause = time.Second

// Send implements outputs.Output. While one waits for acknowledgement others
// can send.
func (o *Output) Send(ctx context.Context, r *outputs.Request) error {
	if r.Count == 0 {
		return nil
	}
	if r.Size > int(o.config.MaxEventSize) {
		var err error
		if r, err = o.shorten(r); err != nil {
			return err
		}
	}
	c := o.channels.take()
	base, a, err := o.send(ctx, r, c)
	if err != nil {
		return err // the channel with it: an id may be open on it
	}
	v := o.judge(a, r)
	wait, v := o.mustWait(a, v)
	if wait {
		if err := o.acknowledged(ctx, base, c, a, v.stored); err != nil {
			return err
		}
	}
	// An id that is open and will not be asked for is as good as lost.
	if open := a.ackID != none && !wait && o.config.Ack != ackOff; v.clean && !open {
		o.channels.give(c)
	}
	return v.err
}

// send sends a request, and returns the answer and the endpoint that gave it.
func (o *Output) send(ctx context.Context, r *outputs.Request, c *channel) (base string, a answer, err error) {
	if err := o.keepPace(ctx); err != nil {
		return "", a, err
	}
	if err := o.demandAcks(ctx); err != nil {
		return "", a, err
	}
	body := httpsend.NewBody(r.Body)
	defer body.Release() // the transport may still be reading r's memory
	a, base, err = o.post(ctx, "", eventPath, c, body)
	if err != nil {
		if !beforeSending(err) {
			o.metrics.unclear.Add(float64(r.Count))
		}
		return base, a, fmt.Errorf("send events: %w", err)
	}
	return base, a, nil
}

// beforeSending reports whether nothing of a request can have arrived.
func beforeSending(err error) bool {
	var dial *net.OpError
	var config *outputs.Misconfigured
	var down *outputs.Unreachable
	return errors.As(err, &dial) && dial.Op == "dial" || errors.As(err, &config) || errors.As(err, &down)
}

// keepPace waits while nothing is to be sent.
func (o *Output) keepPace(ctx context.Context) error {
	wait := time.Duration(o.pace.Load() - o.now().UnixNano())
	if wait <= 0 {
		return nil
	}
	if err := sleep(ctx, min(wait, easePause), nil); err != nil {
		return fmt.Errorf("wait since the collector is nearly full: %w", err)
	}
	return nil
}

// ease slows all senders down.
func (o *Output) ease() {
	o.metrics.near.Inc()
	o.pace.Store(o.now().Add(easePause).UnixNano())
}

// mustWait reports whether what an answer says is stored is to be waited for.
// Where there is no id to wait for although there should be one, v is changed.
func (o *Output) mustWait(a answer, v verdict) (bool, verdict) {
	switch {
	case v.stored == 0 || o.config.Ack == ackOff:
		return false, v
	case a.ackID != none && !o.refusesPolls.Load():
		o.seesAcks.Store(true)
		return true, v
	case a.ackID != none:
		return false, v
	}
	o.refusesPolls.Store(false) // it makes sense again
	switch {
	case v.err != nil && (o.config.Ack == ackRequired || o.seesAcks.Load()):
		return false, o.withoutStored(v)
	case o.config.Ack == ackRequired:
		o.demanded.Store(false)
		o.metrics.unclear.Add(float64(v.stored))
		return false, verdict{err: &outputs.Misconfigured{Err: fmt.Errorf("the answer has no ackId: %w", errAckOff)}}
	}
	if !o.warned.Swap(true) {
		o.logger.Warn("no acknowledgement by the indexer: what it loses after its answer is lost", "hint", `set useACK on the token, or ack = "off" if that is all right`)
	}
	return false, v
}

// acknowledged waits until so many documents that were taken are indexed. A
// token that gives ids and refuses to be asked for them is believed when it
// takes them again.
func (o *Output) acknowledged(ctx context.Context, base string, c *channel, a answer, documents int) error {
	err := o.await(ctx, base, c, a.ackID)
	if err == nil {
		return nil
	}
	o.metrics.unacked.Add(float64(documents))
	if errors.Is(err, errAckOff) && o.config.Ack == ackAuto {
		o.refusesPolls.Store(true)
		o.seesAcks.Store(false)
	}
	return err
}

// refusal is the error for an answer that says that nothing was taken, or
// nothing at all.
func (o *Output) refusal(a answer, count int) error {
	e := &refused{a}
	switch classOf(a.code) {
	case again:
		if a.code == codeInternal {
			o.metrics.unclear.Add(float64(count))
		}
		return retry(e)
	case busy:
		return &outputs.Throttled{After: a.pause, Err: e}
	case person, noAck:
		return o.needsPerson(e)
	}
	switch httpsend.ClassOf(a.status) {
	case httpsend.Throttle:
		return &outputs.Throttled{After: a.pause, Err: e}
	case httpsend.Large:
		return fmt.Errorf("%w: %w", outputs.ErrTooLarge, e)
	case httpsend.Person, httpsend.Refused: // a proxy's: every request would get it
		return o.needsPerson(e)
	}
	o.metrics.unclear.Add(float64(count))
	return retry(e)
}

func retry(e *refused) error {
	if e.pause > 0 { // 503 with a time
		return &outputs.Throttled{After: e.pause, Err: e}
	}
	return e
}

func (o *Output) needsPerson(e *refused) error {
	if e.status == http.StatusUnauthorized || e.status == http.StatusForbidden {
		if _, err := o.config.Token.Refresh(); err != nil {
			return &outputs.Misconfigured{Err: fmt.Errorf("%w; read the token again: %w", e, err)}
		}
	}
	return &outputs.Misconfigured{Err: e}
}
