import Images
import Testing

@Suite struct ColourTests {
  @Test(arguments: [
    ("white", "#ffffff"), ("Red", "#ff0000"), ("#0a0B0c", "#0a0b0c"), ("#f80", "#ff8800"), ("grey", "#808080"),
    ("Sky Blue", "#87ceeb"),
  ])
  func names(text: String, hex: String) throws {
    let colour = try #require(Colour(text))
    #expect("\(colour)" == hex && Colour(hex) == colour)
  }

  @Test(arguments: ["", "#", "#12", "#12345", "#1234567", "ff0000", "#gggggg", "transparent", "reddish", "#\u{ff11}23"])
  func noColours(text: String) { #expect(Colour(text) == nil) }
}
