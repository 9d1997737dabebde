package elasticsearch

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/renthub/sluice/internal/httpsend"
)

// maxReason is the length of a reason that is kept with a document, in bytes.
const maxReason = 1 << 10

// refused is an answer that is no 2xx.
type refused struct {
	status int
	kind   string // error.type, or "" if the body is not Elasticsearch's
	reason string
}

func (e *refused) Error() string {
	if e.kind == "" {
		return fmt.Sprintf("status %d: %s", e.status, e.reason)
	}
	return fmt.Sprintf("status %d: %s: %s", e.status, e.kind, e.reason)
}

// aboutParameter reports whether a parameter of the URL was not known.
func (e *refused) aboutParameter() bool {
	return e.kind != "" && strings.Contains(e.reason, "unrecognized parameter")
}

// aboutBody reports whether the body of a bulk request was refused, and by
// Elasticsearch itself.
func (e *refused) aboutBody() bool {
	switch e.kind {
	case "":
		return false
	case "illegal_argument_exception":
		// Malformed action lines and a missing last line end; also parameters
		// and headers, which all have brackets around what they are about.
		for _, about := range []string{"unrecognized parameter", "failed to parse [", "Failed to parse value", "header [", "pipeline with id"} {
			if strings.Contains(e.reason, about) {
				return false
			}
		}
		return true
	}
	return strings.Contains(e.kind, "parse") || strings.Contains(e.kind, "parsing") || strings.Contains(e.kind, "compressor")
}

// readError reads why a request was refused. It never fails: a body that is
// not Elasticsearch's is shown as it is.
func (o *Output) readError(answer *esapi.Response) *refused {
	e := &refused{status: answer.StatusCode}
	body, err := httpsend.Read(nil, answer.Body, httpsend.MaxErrorBody)
	if err != nil && len(body) == 0 {
		e.reason = "the answer could not be read"
		return e
	}
	var parsed struct {
		Error json.RawMessage `json:"error"`
	}
	var detail itemError
	if json.Unmarshal(body, &parsed) == nil && parsed.Error != nil {
		if json.Unmarshal(parsed.Error, &detail) != nil { // sometimes it is a string
			_ = json.Unmarshal(parsed.Error, &detail.Reason) // its absence leaves the reason empty
		}
	}
	if e.kind, e.reason = detail.Type, detail.text(); e.reason == "" {
		e.reason = string(body)
	}
	e.reason = o.presentable(e.reason)
	if e.reason == "" {
		e.reason = "no reason given"
	}
	return e
}

// presentable is text from outside, cut and without our secrets: a proxy may
// show the request that it refuses.
func (o *Output) presentable(text string) string {
	for _, secret := range []string{o.config.APIKey.Reveal(), o.config.Password.Reveal(), o.basicCredentials()} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "(secret)")
		}
	}
	return httpsend.Excerpt(text, maxReason)
}

func (o *Output) basicCredentials() string {
	if !o.config.Password.IsSet() {
		return ""
	}
	return base64.StdEncoding.EncodeToString([]byte(o.config.Username + ":" + o.config.Password.Reveal()))
}
