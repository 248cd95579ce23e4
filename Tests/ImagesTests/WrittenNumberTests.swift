import Images
import Testing

@Suite struct WrittenNumberTests {
  @Test(
    arguments: [
      ("20", 20), (" 20 ", 20), ("20.0", 20), ("+5", 5), ("1e1", 10), ("2.5e1", 25), ("-3", -3), ("\u{2212}1", -1),
      ("007", 7), ("20.", 20), ("9223372036854775807", Int.max), ("100e-1", 10), ("0e999999999999999999999", 0),
      ("1.5e400", nil), ("20.5", nil), ("1,5", nil), ("", nil), ("-", nil), ("1e", nil), ("0x14", nil), ("inf", nil),
      ("nan", nil), ("1 000", nil), ("9223372036854775808", nil), ("٢٠", nil), ("1e19", nil), (".", nil), ("12a", nil),
    ] as [(String, Int?)])
  func whole(text: String, value: Int?) { #expect(WrittenNumber.whole(text) == value) }

  @Test(
    arguments: [
      ("7", 7), ("7.5", 7.5), (".5", 0.5), ("+1e-3", 0.001), ("-2.25", -2.25), (" 1. ", 1), ("1e400", nil),
      ("1,5", nil), ("seven", nil), ("1.2.3", nil), ("0x1p3", nil),
    ] as [(String, Double?)])
  func decimal(text: String, value: Double?) { #expect(WrittenNumber.decimal(text) == value) }

  @Test(
    arguments: [
      ("18446744073709551615", UInt64.max), ("18446744073709551616", nil), ("-0", 0), ("-1", nil),
      ("4294967295.0", 4_294_967_295),
    ] as [(String, UInt64?)])
  func unsigned(text: String, value: UInt64?) { #expect(WrittenNumber.unsigned(text) == value) }

  @Test func decimalCommas() {
    #expect(WrittenNumber.advice("7,5") == "; write 7.5 with a point")
    #expect(WrittenNumber.advice("7.5").isEmpty && WrittenNumber.advice("a,b").isEmpty)
  }

  @Test(arguments: ["512x768", "512X768", "512 x 768", "512×768", "512.0x+768", "512*768"])
  func sizes(text: String) {
    #expect(
      GenerationParameters(prompt: "", fields: [("Size", text)]).size.map { [$0.width, $0.height] } == [512, 768])
  }

  @Test(arguments: ["512", "512x", "x768", "0x768", "-512x768", "512x768x3", "axb"]) func noSizes(text: String) {
    #expect(GenerationParameters(prompt: "", fields: [("Size", text)]).size == nil)
  }
}
