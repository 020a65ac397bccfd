package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"

	"gopkg.in/inf.v0"
	"k8s.io/apimachinery/pkg/api/resource"
)

var (
	// What ParseQuantity would write out in full, digit by digit.
	exponent = regexp.MustCompile(`[eE]([+-]?[0-9]+)[^0-9]*$`)
	most     = new(big.Int).Add(new(big.Int).Mul(big.NewInt(math.MaxInt64), big.NewInt(1e9)), big.NewInt(1e9-1))
	least    = new(big.Int).Mul(big.NewInt(math.MinInt64), big.NewInt(1e9))
)

// Greater exponents are asked with few digits before them, and their numbers are never written out.
const (
	fewDigits     = 12
	farthestScale = 1000
)

// One quantity by its text, alone and as a JSON string; two of them with which is more.
func quantity(asked []string) answer {
	for _, text := range asked {
		if found := exponent.FindStringSubmatch(text); found != nil {
			number, err := strconv.ParseInt(found[1], 10, 64)
			// As ParseQuantity cuts it.
			cut := int32(number)
			far := cut > farthestScale && len(text)-len(found[0]) > fewDigits
			if err == nil && (far || cut < -farthestScale) {
				return answer{Unasked: "its number would be written out"}
			}
		}
	}
	text := asked[0]
	encoded, err := json.Marshal(text)
	if err != nil {
		return refused(err)
	}
	shown := "plain:" + one(resource.ParseQuantity(text))
	var decoded resource.Quantity
	err = json.Unmarshal(encoded, &decoded)
	shown += " decoded:" + one(decoded, err)
	if err == nil {
		shown += stored(text, decoded)
	}
	if len(asked) > 1 {
		shown += " compared:" + compared(asked[0], asked[1])
	}
	return accepted(shown)
}

// How the API server writes it again, where rounding to thousandths does not change it.
func stored(text string, value resource.Quantity) string {
	up := value.DeepCopy()
	if _, far := nanos(value); far || value.Sign() < 0 || !up.RoundUp(resource.Milli) {
		return ""
	}
	written, err := json.Marshal(value)
	if err != nil {
		return " stored:" + err.Error()
	}
	if canonical := string(written[1 : len(written)-1]); canonical != text {
		return " stored:" + canonical
	}
	return " stored:same"
}

func one(value resource.Quantity, err error) string {
	if err != nil {
		return "refused"
	}
	number, far := nanos(value)
	if far {
		return number
	}
	up := value.DeepCopy()
	up.RoundUp(resource.Milli)
	rounded, _ := nanos(up)
	canonical, suffix := value.CanonicalizeBytes(nil)
	return fmt.Sprintf("%s,%s,%s%s", number, rounded, canonical, suffix)
}

// The value in billionths; or, where it is beyond what ours holds, at which end.
func nanos(value resource.Quantity) (string, bool) {
	copied := value.DeepCopy()
	decimal := copied.AsDec()
	if decimal.Sign() == 0 {
		return "0", false
	}
	high := map[bool]string{true: "high", false: "low"}[decimal.Sign() > 0]
	if decimal.Scale() < -farthestScale {
		return high, true
	}
	nine := new(inf.Dec).Round(decimal, 9, inf.RoundUp)
	number := nine.UnscaledBig()
	if number.Cmp(most) >= 0 || number.Cmp(least) <= 0 {
		return high, true
	}
	return number.String(), false
}

func compared(left, right string) string {
	one, err := resource.ParseQuantity(left)
	other, fault := resource.ParseQuantity(right)
	if err != nil || fault != nil {
		return "refused"
	}
	_, far := nanos(one)
	if _, too := nanos(other); far || too {
		return "beyond"
	}
	one, other = near(one), near(other)
	return strconv.Itoa(one.Cmp(other))
}

// Nothing times a power of ten that Cmp would write out is nothing.
func near(value resource.Quantity) resource.Quantity {
	if value.Sign() == 0 {
		return resource.Quantity{}
	}
	return value
}
