package cloudwatch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/renthub/sluice/internal/httpsend"
	"github.com/renthub/sluice/internal/jsonscan"
)

// sender is the HTTP client of the SDK's client. It follows no redirect.
type sender struct {
	transport http.RoundTripper
	clock     *serverClock
	now       func() time.Time
}

// Do implements cloudwatchlogs.HTTPClient.
func (s sender) Do(req *http.Request) (*http.Response, error) {
	res, err := s.transport.RoundTrip(req)
	if err == nil {
		s.clock.saw(res.Header.Get("Date"), s.now(), res.StatusCode == http.StatusOK)
	}
	return res, err
}

// sdkLogger shows what the SDK has to say at level debug: what matters of it
// comes as errors too.
type sdkLogger struct{ to *slog.Logger }

// Logf implements logging.Logger.
func (l sdkLogger) Logf(_ logging.Classification, format string, args ...any) {
	l.to.Debug("aws sdk", "text", fmt.Sprintf(format, args...))
}

// serverClock knows how far the service's clock is ahead of ours.
type serverClock struct {
	ahead atomic.Pointer[time.Duration] // by answers to requests that were taken, which were signed
	heard atomic.Pointer[time.Duration] // by any answer
}

// saw takes up the Date of an answer.
func (c *serverClock) saw(date string, now time.Time, taken bool) {
	at, err := http.ParseTime(date)
	if err != nil {
		return
	}
	ahead := at.Sub(now)
	c.heard.Store(&ahead)
	if taken {
		c.ahead.Store(&ahead)
	}
}

// at returns the service's time at our time, and whether it is known.
func (c *serverClock) at(now time.Time) (time.Time, bool) {
	ahead := c.ahead.Load()
	if ahead == nil {
		return now, false
	}
	return now.Add(*ahead), true
}

// maxAnswer is the longest answer that is read. A page of 50 groups has less.
const maxAnswer = 4 << 20

var errNoObject = errors.New("the answer is no JSON object")

// answerReader reads an answer to its end, within a cap, and takes a 2xx for
// one only if it is a JSON object: the SDK would take an empty page of a proxy
// for the news that all was stored. Operations that only make something answer
// with nothing.
type answerReader struct{}

// ID implements middleware.DeserializeMiddleware.
func (answerReader) ID() string { return "SluiceAnswerReader" }

// HandleDeserialize implements middleware.DeserializeMiddleware.
func (answerReader) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, meta, err := next.HandleDeserialize(ctx, in)
	res, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok {
		return out, meta, err
	}
	body, err := httpsend.Read(nil, res.Body, maxAnswer)
	httpsend.Finish(res.Body)
	res.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return out, meta, fmt.Errorf("read answer: %w", err)
	}
	if res.StatusCode >= 200 && res.StatusCode < 300 && !isObject(body) && tells(ctx) {
		return out, meta, errNoObject
	}
	return out, meta, nil
}

// tells reports whether an operation's answer has a body: those that make or
// set something have none.
func tells(ctx context.Context) bool {
	switch middleware.GetOperationName(ctx) {
	case "CreateLogGroup", "CreateLogStream", "PutRetentionPolicy", "DeleteRetentionPolicy":
		return false
	}
	return true
}

func isObject(body []byte) bool {
	body = bytes.TrimSpace(body)
	return len(body) > 0 && body[0] == '{' && jsonscan.Valid(body)
}
