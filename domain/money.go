package domain

import "fmt"

// Pence is an amount of money in pence sterling. Amounts are never negative, and never floating.
type Pence int64

// String writes the amount in pounds, as in "£1,250.00" without the comma: £1250.00.
func (p Pence) String() string {
	sign := ""
	if p < 0 {
		sign, p = "-", -p
	}
	return fmt.Sprintf("%s£%d.%02d", sign, p/100, p%100)
}
