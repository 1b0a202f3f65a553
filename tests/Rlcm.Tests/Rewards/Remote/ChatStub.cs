using System.Text.Json;
using Rlcm.Imaging;

namespace Rlcm.Tests.Rewards.Remote;

/// <summary>What a server with a vision-language model answers: how bright the picture is decides what it sees in it.</summary>
internal static class ChatStub
{
    private const int Step = 25;

    /// <summary>What is seen in pictures of grey level 0, 25, 50 and so on.</summary>
    public static readonly string[] Answers =
        ["a fox", "a cat", "two cats playing chess", "an insect on a bicycle", "people in the snow", "a llama", "red snow", "A red fox sitting in the snow.", "cups", "a llama is washing dishes"];

    /// <summary>One picture of each grey level, of 16x16.</summary>
    public static ImageBatch Pictures(params int[] levels) => new([.. levels.SelectMany(level => Enumerable.Repeat((byte)(level * Step), 16 * 16 * 3))], levels.Length, 16, 16);

    public static string Right(string body)
    {
        using var request = JsonDocument.Parse(body);
        var content = request.RootElement.GetProperty("messages")[0].GetProperty("content");
        var url = content.EnumerateArray().Single(part => part.GetProperty("type").GetString() == "image_url").GetProperty("image_url").GetProperty("url").GetString()!;
        var pixels = JpegFile.Decode(Convert.FromBase64String(url["data:image/jpeg;base64,".Length..]));
        return Answer(Answers[(int)Math.Round(pixels.Average(value => value) / Step) % Answers.Length]);
    }

    /// <summary>A response that says <paramref name="text"/>.</summary>
    public static string Answer(string? text) =>
        RewardStub.Response(200, JsonSerializer.Serialize(new { id = "x", @object = "chat.completion", choices = (object[])[new { index = 0, message = new { role = "assistant", content = text }, finish_reason = "stop" }] }));
}
