using System.Text.Json.Nodes;
using Looped.Models.Data;
using Looped.Models.Data.Chat;
using Looped.Models.Data.Tokenizers;
using Looped.Models.Recipes;
using Parquet;
using Parquet.Schema;

namespace Looped.Models.Tests.Data;

public sealed class ChatDatasetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly HuggingFaceTokenizer _tokenizer = new(TokenizerPath);

    private static string TokenizerPath => Path.Combine(AppContext.BaseDirectory, "Vectors", "tokenizers", "tiny-bpe", "tokenizer.json");

    public void Dispose()
    {
        _tokenizer.Dispose();
        _folder.Dispose();
    }

    private string Problems(int rows, Func<int, JsonObject>? row = null)
    {
        File.WriteAllLines(_folder["problems.jsonl"], Enumerable.Range(0, rows).Select(i => (row?.Invoke(i) ?? new JsonObject { ["problem"] = $"What is {i} + 1?", ["solution"] = $"It is {i + 1}." }).ToJsonString()));
        return _folder["problems.jsonl"];
    }

    private ChatPrepared Prepare(string source, Func<ChatRequest, ChatRequest>? how = null)
    {
        var request = new ChatRequest([source], TokenizerPath, _folder[$"chat{Directory.GetDirectories(_folder.Path).Length}"], Validation: 0.2);
        return ChatPreparer.Prepare(how?.Invoke(request) ?? request);
    }

    private string Last => Directory.GetDirectories(_folder.Path).Order().Last();

    [Fact]
    public void A_conversation_has_the_ids_of_the_whole_text()
    {
        const string Text = "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nWhat is 12 + 30?<|im_end|>\n<|im_start|>assistant\nIt is 42.<|im_end|>\n";
        ChatText chat = new ChatTemplate(_tokenizer, "Be kind.").Encode("What is 12 + 30?", "It is 42.", 1000, AnswerMask.Answer);
        Assert.Equal(_tokenizer.Encode(Text, parseSpecial: true, addSpecial: false), chat.Ids);
    }

    [Fact]
    public void The_answer_and_its_end_are_scored_and_nothing_else()
    {
        ChatText chat = new ChatTemplate(_tokenizer, "").Encode("What is 12 + 30?", "It is 42.", 1000, AnswerMask.Answer);
        Assert.Equal("It is 42.<|im_end|>", _tokenizer.Decode(chat.Ids[chat.From..chat.To]));
    }

    [Fact]
    public void The_published_mask_is_late_by_what_follows_the_answer()
    {
        ChatText chat = new ChatTemplate(_tokenizer, "").Encode("What is 12 + 30?", "It is 42.", 1000, AnswerMask.Reference);
        int[] answer = _tokenizer.Encode("It is 42."), end = _tokenizer.Encode("<|im_end|>\n", parseSpecial: true, addSpecial: false);
        Assert.Equal((chat.Ids.Length - answer.Length, chat.Ids.Length), (chat.From, chat.To));
        Assert.Equal([.. answer[end.Length..], .. end], chat.Ids[chat.From..]);
    }

    [Fact]
    public void What_is_cut_off_is_not_scored()
    {
        var template = new ChatTemplate(_tokenizer, "");
        ChatText whole = template.Encode("What is 12 + 30?", "It is 42.", 1000, AnswerMask.Answer);
        ChatText cut = template.Encode("What is 12 + 30?", "It is 42.", whole.From + 2, AnswerMask.Answer);
        Assert.Equal((whole.From, whole.From + 2, whole.From + 2), (cut.From, cut.To, cut.Ids.Length));
        ChatText gone = template.Encode("What is 12 + 30?", "It is 42.", 3, AnswerMask.Answer);
        Assert.Equal(gone.From, gone.To);
    }

    [Fact]
    public void Each_row_is_shifted_by_one_and_padded_on_the_right()
    {
        ChatPrepared made = Prepare(Problems(20));
        using ChatDataset data = ChatDataset.Open(Last);
        Assert.Equal((16, 4), (made.Meta.Train.Rows, made.Meta.Validation.Rows));
        MicroBatch batch = data.Training(64, 1, 8, 8).Load(0, 0);
        for (int row = 0; row < 8; row++)
        {
            int[] tokens = batch.Tokens[(row * batch.Length)..((row + 1) * batch.Length)], targets = batch.Targets[(row * batch.Length)..((row + 1) * batch.Length)];
            int first = Array.FindIndex(targets, t => t >= 0), last = Array.FindLastIndex(targets, t => t >= 0);
            string answer = _tokenizer.Decode(targets[first..(last + 1)]);
            Assert.Matches(@"^It is \d+\.<\|im_end\|>$", answer);
            Assert.Equal(targets[first..last], tokens[(first + 1)..(last + 1)]);
            Assert.EndsWith("<|im_start|>assistant\n", _tokenizer.Decode(tokens[..(first + 1)]), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Parquet_gives_what_json_lines_give_and_rows_with_nothing_are_left_out()
    {
        string lines = Problems(12, i => new JsonObject { ["question"] = i == 3 ? null : $"What is {i}?", ["reply"] = i == 5 ? " " : $"A number, {i}." });
        var (question, reply) = (new DataField<string>("question"), new DataField<string>("reply"));
        await using (FileStream stream = File.Create(_folder["problems.parquet"]))
        await using (ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(question, reply), stream, cancellationToken: TestContext.Current.CancellationToken))
        {
            foreach (int[] group in Enumerable.Range(0, 12).Chunk(5))
            {
                using ParquetRowGroupWriter rows = writer.CreateRowGroup();
                string?[] questions = [.. group.Select(i => i == 3 ? null : $"What is {i}?")];
                await rows.WriteAsync(question, questions!);
                await rows.WriteAsync(reply, group.Select(i => i == 5 ? " " : $"A number, {i}.").ToArray());
                rows.CompleteValidate();
            }
        }
        ChatPrepared a = Prepare(lines, r => r with { Problem = "question", Solution = "reply" });
        ChatPrepared b = Prepare(_folder["problems.parquet"], r => r with { Problem = "question", Solution = "reply" });
        Assert.Equal(a.Meta.ContentSha256, b.Meta.ContentSha256);
        Assert.Equal((10, 2), (a.Meta.Train.Rows + a.Meta.Validation.Rows, b.Unusable));
    }

    [Fact]
    public void The_lot_depends_on_its_seed_alone()
    {
        string source = Problems(50);
        string Hash(long seed) => Prepare(source, r => r with { Take = 10, Seed = seed }).Meta.ContentSha256;
        Assert.Equal(Hash(1), Hash(1));
        Assert.NotEqual(Hash(1), Hash(2));
    }

    [Fact]
    public void Bad_input_is_refused_in_a_sentence()
    {
        string Refused<T>(Action prepare) where T : LoopedException => Assert.Throws<T>(prepare).Message;
        Assert.Contains("there is no key 'problem' — did you mean", Refused<UsageException>(() => Prepare(Problems(4, _ => new JsonObject { ["problems"] = "a", ["solution"] = "b" }))).Replace("; did", " — did", StringComparison.Ordinal).Replace(", did", " — did", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("line 2: the value of 'solution' is no text", Refused<LoopedException>(() => Prepare(Problems(4, i => new JsonObject { ["problem"] = "a", ["solution"] = i == 1 ? 7 : "b" }))), StringComparison.Ordinal);
        Assert.Contains("two are needed", Refused<UsageException>(() => Prepare(Problems(1))), StringComparison.Ordinal);
        Assert.Contains("cut off before its answer", Refused<UsageException>(() => Prepare(Problems(4), r => r with { MostTokens = 3 })), StringComparison.Ordinal);
        Assert.Contains("tokenizer.json of a chat model", Refused<UsageException>(() => Prepare(Problems(4), r => r with { Tokenizer = "bytes" })), StringComparison.Ordinal);
        Assert.Contains("no token <|im_start|>", Refused<UsageException>(() => Prepare(Problems(4), r => r with { Tokenizer = TokenizerPath.Replace("tiny-bpe", "gpt2", StringComparison.Ordinal) })), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_folder_is_refused()
    {
        Prepare(Problems(20));
        string folder = Last, rows = Path.Combine(folder, "train.rows");
        Assert.Contains("raise it to", Assert.Throws<UsageException>(() =>
        {
            using ChatDataset data = ChatDataset.Open(folder);
            data.Training(4, 1, 4, 4);
        }).Message, StringComparison.Ordinal);
        Assert.Contains("data.tokenizer is bytes", Assert.Throws<UsageException>(() => ChatDataset.Find(new DataRecipe { Source = folder, Tokenizer = "bytes" }, "nowhere")).Message, StringComparison.Ordinal);
        byte[] whole = File.ReadAllBytes(rows);
        File.WriteAllBytes(rows, whole[..^4]);
        Assert.Contains("promises 16 rows", Assert.Throws<LoopedException>(() => ChatDataset.Open(folder)).Message, StringComparison.Ordinal);
        whole[4] = 0xFF;
        File.WriteAllBytes(rows, whole);
        Assert.Contains("row 0 is damaged", Assert.Throws<LoopedException>(() => ChatDataset.Open(folder)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder, ChatMeta.FileName), "{");
        Assert.Contains("prepare the data again", Assert.Throws<LoopedException>(() => ChatDataset.Open(folder)).Message, StringComparison.Ordinal);
    }
}
