package bench

import (
	"strconv"
	"time"
)

// NginxLines are an access log in nginx's combined format: 208 bytes on
// average. The sequence number and the stamp stand in the query of the URL.
type NginxLines struct{}

// Marks implements Lines.
func (NginxLines) Marks() (seq, stamp string) { return "seq=", "ns=" }

var (
	referers   = []string{"https://renthub.example/l/", "https://renthub.example/s?p="}
	userAgents = []string{
		"RentHub/8.14.2 (Android 16; Pixel 9)",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0",
		"RentHub/8.14.0 (iOS 19.1; iPhone17,3)",
	}
)

// Append implements Lines.
func (NginxLines) Append(dst []byte, seq uint64, at time.Time) []byte {
	d := dice(seq)
	dst = d.appendNumber(dst, 224)
	dst = append(dst, '.')
	dst = d.appendNumber(dst, 256)
	dst = append(dst, '.')
	dst = d.appendNumber(dst, 256)
	dst = append(dst, '.')
	dst = d.appendNumber(dst, 256)
	dst = append(dst, ` - - [`...)
	dst = at.UTC().AppendFormat(dst, "02/Jan/2006:15:04:05 -0700")
	dst = append(dst, `] "`...)
	dst = append(dst, pick(&d, methods)...)
	dst = append(dst, ' ')
	dst = append(dst, skewed(&d, paths)...)
	dst = append(dst, '/')
	dst = d.appendNumber(dst, 100_000)
	dst = append(dst, `?seq=`...)
	dst = strconv.AppendUint(dst, seq, 10)
	dst = append(dst, `&ns=`...)
	dst = strconv.AppendInt(dst, at.UnixNano(), 10)
	dst = append(dst, ` HTTP/1.1" `...)
	dst = strconv.AppendInt(dst, int64(skewed(&d, statuses)), 10)
	dst = append(dst, ' ')
	dst = d.appendNumber(dst, 90_000)
	dst = append(dst, ` "`...)
	dst = append(dst, skewed(&d, referers)...)
	dst = d.appendNumber(dst, 10_000)
	dst = append(dst, `" "`...)
	dst = append(dst, skewed(&d, userAgents)...)
	return append(dst, '"')
}
