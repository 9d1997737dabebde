package elasticsearch

import (
	"net/http"
	"strings"

	"github.com/renthub/sluice/outputs"
)

// judge adds to res what item i says. The table:
//
//	2xx                     taken
//	409                     taken before, under the same id
//	429, 408, 5xx           Retry
//	400, 413                Poison, but for what is not about the document
//	401, 403, 404, others   NeedConfig: kept, and shown to a person
//
// Any other status is no answer at all.
func (o *Output) judge(i int, it item, res *result) error {
	if it.Status >= 200 && it.Status < 300 {
		if it.Error != nil {
			return errAnswer
		}
		if it.FailureStore == "used" {
			res.failureStore++
		}
		return nil
	}
	detail := itemError{}
	if it.Error != nil {
		detail = *it.Error
	}
	if it.Status == http.StatusConflict && o.config.DocumentID && isVersionConflict(detail) {
		res.duplicates++
		return nil
	}
	if it.Status < 400 || it.Status > 599 {
		return errAnswer
	}
	f := outputs.Failure{Index: i, Answer: answerTo(it.Status, detail)}
	if it.Status == http.StatusTooManyRequests {
		res.throttled++
	}
	f.Reason = o.reason(detail, res)
	res.failed = append(res.failed, f)
	return nil
}

// isVersionConflict reports whether a 409 means that the id is there. A server
// that gives no type is believed.
func isVersionConflict(e itemError) bool {
	return e.Type == "" || strings.HasPrefix(e.Type, "version_conflict")
}

func answerTo(status int, e itemError) outputs.Answer {
	switch {
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status == http.StatusConflict, status >= 500:
		return outputs.Retry
	case status == http.StatusBadRequest && aboutServer(e):
		return outputs.NeedConfig
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge:
		return outputs.Poison
	}
	return outputs.NeedConfig
}

// aboutServer reports whether a 400 is about the server's state and not about
// the document: every other document would get it too, and all of a stream
// would become dead letters.
func aboutServer(e itemError) bool {
	switch e.Type {
	case "validation_exception", // the cluster has no room for another shard
		"invalid_index_name_exception", "invalid_index_template_exception":
		return true
	}
	text := e.text()
	return strings.Contains(text, "only write ops with an op_type of create") ||
		strings.HasPrefix(text, "pipeline with id [")
}

// reason is what the server says, fit to be stored. The same text is stored
// once: a mapping conflict says the same of thousands.
func (o *Output) reason(e itemError, res *result) string {
	text := e.text()
	if e.Type != "" {
		text = e.Type + ": " + text
	}
	text = o.presentable(text)
	if n := len(res.failed); n > 0 && res.failed[n-1].Reason == text {
		return res.failed[n-1].Reason
	}
	return text
}
