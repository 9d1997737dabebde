package cloudwatch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/renthub/sluice/internal/httpsend"
	"github.com/renthub/sluice/outputs"
)

// maxReason is the length of a reason that is kept with a document, in bytes.
const maxReason = 1 << 10

// kinds of refusals by the name that the service gives them:
//
//	throttled        a pause, then all again; LimitExceededException, which the SDK
//	                 counts here, is a quota of groups or streams and needs a person
//	person           credentials or rights: a person must act
//	about documents  a defect of ours: halved until one stands alone
//	passes           sent again
//
// Everything else is judged by its status; classOf has the rest.
var (
	throttled = map[string]bool{
		"ThrottlingException": true, "Throttling": true, "ThrottledException": true, "RequestThrottled": true,
		"RequestThrottledException": true, "TooManyRequestsException": true, "RequestLimitExceeded": true,
		"BandwidthLimitExceeded": true, "SlowDown": true, "EC2ThrottledException": true,
	}
	refusesCredentials = map[string]bool{
		"UnrecognizedClientException": true, "ExpiredTokenException": true, "ExpiredToken": true,
		"InvalidSignatureException": true, "SignatureDoesNotMatch": true, "IncompleteSignatureException": true,
		"MissingAuthenticationTokenException": true, "MissingAuthenticationToken": true, "InvalidClientTokenId": true,
	}
	passes = map[string]bool{
		"ServiceUnavailableException": true, "ServiceUnavailable": true, "InternalFailure": true, "InternalServerError": true,
		"OperationAbortedException": true, "InvalidSequenceTokenException": true, "RequestTimeout": true, "RequestTimeoutException": true,
		"ResourceNotFoundException": true, // of what was made a moment ago: not all of the service has seen it
	}
)

// answerTo returns the error that says what to do about a failed call.
func (o *Output) answerTo(err error) error {
	var known *outputs.Misconfigured
	if errors.As(err, &known) {
		return err
	}
	var noCredentials credentialsError
	if errors.As(err, &noCredentials) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		o.client.Store(nil) // what the chain reads may have changed by the next try
		return &outputs.Misconfigured{Err: fmt.Errorf("get credentials: %w", noCredentials.error)}
	}
	var certificate *tls.CertificateVerificationError
	var notTLS tls.RecordHeaderError
	if errors.As(err, &certificate) || errors.As(err, &notTLS) {
		return &outputs.Misconfigured{Err: err}
	}
	var api smithy.APIError
	status, header := responseOf(err)
	if !errors.As(err, &api) {
		return o.byStatus(status, header, err)
	}
	switch code := api.ErrorCode(); {
	case throttled[code]:
		return &outputs.Throttled{After: retryAfter(header, o.now()), Err: err}
	case refusesCredentials[code]:
		o.forgetClient()
		return &outputs.Misconfigured{Err: err}
	case passes[code]:
		return o.byStatus(http.StatusServiceUnavailable, header, err)
	case isAboutEvents(api):
		return fmt.Errorf("%w: %w", outputs.ErrTooLarge, err)
	case status == http.StatusRequestTimeout || status == http.StatusBadRequest && code == "UnknownError":
		return err
	}
	return o.byStatus(status, header, err)
}

// forgetClient makes the next request look for credentials again. If the clocks
// differ by so much that signatures are refused, every other time only: the
// client has just learnt by how much, and a new one would not know.
func (o *Output) forgetClient() {
	if ahead := o.clock.heard.Load(); ahead != nil && ahead.Abs() > 4*time.Minute && o.corrected.CompareAndSwap(false, true) {
		return
	}
	o.corrected.Store(false)
	o.client.Store(nil)
}

// byStatus judges an answer that has no name we know. One without a status was
// lost on the way.
func (o *Output) byStatus(status int, header http.Header, err error) error {
	if status == 0 || status >= 200 && status < 300 {
		return err
	}
	pause := retryAfter(header, o.now())
	switch httpsend.ClassOf(status) {
	case httpsend.Throttle:
		return &outputs.Throttled{After: pause, Err: err}
	case httpsend.Large:
		return fmt.Errorf("%w: %w", outputs.ErrTooLarge, err)
	case httpsend.Person, httpsend.Refused:
		return &outputs.Misconfigured{Err: err}
	}
	if pause > 0 {
		return &outputs.Throttled{After: pause, Err: err}
	}
	return err
}

// isAboutEvents reports whether a batch was refused for its events. The same
// error about a name must not turn a whole stream into dead letters.
func isAboutEvents(e smithy.APIError) bool {
	switch e.ErrorCode() {
	case "SerializationException":
		return true
	case "InvalidParameterException", "ValidationException", "InvalidParameterValueException":
	default:
		return false
	}
	text := strings.ToLower(e.ErrorMessage())
	for _, about := range []string{"loggroup", "logstream", "log group", "log stream"} {
		if strings.Contains(text, about) {
			return false
		}
	}
	for _, about := range []string{"logevent", "log event", "too large", "chronological", "24 hours", "timestamp", "message"} {
		if strings.Contains(text, about) {
			return true
		}
	}
	return false
}

// refusedAlone returns why the one document of a call was refused for itself.
func refusedAlone(err error, items []item) (reason string, ok bool) {
	var api smithy.APIError
	if items[0].doc != items[len(items)-1].doc || !errors.As(err, &api) || !isAboutEvents(api) {
		return "", false
	}
	return httpsend.Excerpt(api.ErrorCode()+": "+api.ErrorMessage(), maxReason), true
}

// again is the answer for documents that an error left waiting.
func again(err error) outputs.Answer {
	var config *outputs.Misconfigured
	if errors.As(err, &config) {
		return outputs.NeedConfig
	}
	return outputs.Retry
}

func isNotFound(err error) bool {
	var e *types.ResourceNotFoundException
	return errors.As(err, &e)
}

// isAccepted reports whether a batch was taken before. The service no longer
// says so, and stand-ins might.
func isAccepted(err error) bool {
	var e *types.DataAlreadyAcceptedException
	return errors.As(err, &e)
}

// isAmbiguous reports whether a call that failed may have stored its events.
func isAmbiguous(err error) bool {
	status, _ := responseOf(err)
	return status < 300 || status >= 500 && status != http.StatusServiceUnavailable
}

// responseOf returns what an error knows of the answer: its status, 0 if there
// was none.
func responseOf(err error) (int, http.Header) {
	var e *smithyhttp.ResponseError
	if !errors.As(err, &e) || e.Response == nil || e.Response.Response == nil {
		return 0, nil
	}
	return e.Response.StatusCode, e.Response.Header
}

// retryAfter is the pause that an answer asks for, in seconds or, as AWS has
// it, in milliseconds.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if h == nil {
		return 0
	}
	if ms, err := strconv.ParseInt(h.Get("X-Amz-Retry-After"), 10, 32); err == nil && ms > 0 {
		return min(time.Duration(ms)*time.Millisecond, httpsend.MaxRetryAfter)
	}
	return httpsend.RetryAfter(h, now)
}
