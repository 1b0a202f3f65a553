using System.Text;
using System.Text.Json;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Runtime;

public sealed class JsonMistakeTests
{
    private sealed record Entry
    {
        public required int Step { get; init; }
    }

    [Theory]
    [InlineData("{\n\"a\": tru}", "'tru}' is an invalid JSON literal. Expected the literal 'true', line 2, byte 9")]
    [InlineData("{\"a\": 1,\n \"a\": 2}", "Duplicate property 'a'")]
    [InlineData("", "it is empty, line 1, byte 1")]
    [InlineData("[", "Expected depth to be zero at the end of the JSON payload. There is an open JSON object or array that should be closed, line 1, byte 2")]
    [InlineData("{\"a\": 1,}", "The JSON object contains a trailing comma at the end which is not supported in this mode, line 1, byte 9")]
    [InlineData("[\n\n\"\\ud800\"]", "A text escapes half of a character, line 3, byte 1")]
    public void Lines_and_bytes_count_from_1_and_nothing_is_said_to_programmers(string json, string expected) =>
        Assert.Equal(expected, JsonMistake.Describe(Assert.ThrowsAny<JsonException>(() => StrictJson.Parse(Encoding.UTF8.GetBytes(json)))));

    [Theory]
    [InlineData("{\"step\": \"x\"}", "a value of another type is expected at $.step, byte 13")]
    [InlineData("{}", "it lacks 'step', byte 3")]
    [InlineData("{\"step\"", "Expected a value, but instead reached end of data, byte 8")]
    public void In_a_line_of_its_own_only_the_byte_counts(string line, string expected)
    {
        var error = Assert.ThrowsAny<JsonException>(() => JsonSerializer.Deserialize<Entry>(line, StrictJson.Options(JsonNamingPolicy.SnakeCaseLower)));
        Assert.Equal(expected, JsonMistake.DescribeInLine(error));
    }

    [Fact]
    public void Other_exceptions_say_what_they_say() => Assert.Equal("that is so", JsonMistake.Describe(new InvalidOperationException("that is so.")));
}
