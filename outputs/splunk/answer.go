package splunk

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/renthub/sluice/internal/httpsend"
)

// maxReason is the length of a reason that is kept with a document, in bytes.
const maxReason = 1 << 10

// none is the value of a number that an answer has not.
const none = -1

// answer is what the collector said to one request.
type answer struct {
	status int
	code   int   // or none: the answer is not HEC's
	number int   // invalid-event-number, or none
	ackID  int64 // or none
	text   string
	pause  time.Duration // Retry-After
	raw    []byte        // the body as it came
	page   string        // the body of an answer that is not HEC's, fit to be shown
}

// decodeAnswer reads the body of an answer. It never fails: what is not HEC's
// has no code.
func decodeAnswer(status int, body []byte) answer {
	a := answer{status: status, code: none, number: none, ackID: none, raw: body}
	var read struct {
		Text   string `json:"text"`
		Code   *int   `json:"code"`
		Number *int   `json:"invalid-event-number"`
		AckID  *int64 `json:"ackId"`
	}
	if err := json.Unmarshal(body, &read); err != nil || read.Code == nil {
		return a
	}
	a.code, a.text = *read.Code, read.Text
	if read.Number != nil && *read.Number >= 0 {
		a.number = *read.Number
	}
	if read.AckID != nil && *read.AckID >= 0 {
		a.ackID = *read.AckID
	}
	return a
}

// readAnswer reads an answer.
func (o *Output) readAnswer(res *http.Response) (answer, error) {
	body, err := httpsend.Read(nil, res.Body, httpsend.MaxErrorBody)
	if err != nil && httpsend.ClassOf(res.StatusCode) == httpsend.Taken {
		return answer{}, fmt.Errorf("read answer: %w", err)
	}
	a := decodeAnswer(res.StatusCode, body) // half the page of an error is good enough
	a.pause = httpsend.RetryAfter(res.Header, o.now())
	a.text = o.presentable(a.text)
	if a.code == none {
		a.page = o.presentable(string(body))
	}
	return a, nil
}

// refused is an answer that is no success, as an error.
type refused struct{ answer }

func (e *refused) Error() string {
	if e.code == none {
		if e.page == "" {
			return fmt.Sprintf("status %d without a reason", e.status)
		}
		return fmt.Sprintf("status %d: %s", e.status, e.page)
	}
	text := fmt.Sprintf("status %d: %s", e.status, describe(e.code))
	if e.text != "" {
		text += fmt.Sprintf(" (%s)", e.text)
	}
	return text
}

// presentable is text from outside, cut and without our token: a proxy may show
// the request that it refuses.
func (o *Output) presentable(text string) string {
	if token := o.config.Token.Reveal(); token != "" {
		text = strings.ReplaceAll(text, token, "(secret)")
	}
	return httpsend.Excerpt(text, maxReason)
}
