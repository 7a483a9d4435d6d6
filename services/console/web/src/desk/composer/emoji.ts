/** The emoji that a customer-service agent reaches for, in groups. */
export interface EmojiGroup {
  readonly name: 'faces' | 'hands' | 'hearts' | 'things' | 'signs'
  readonly emoji: readonly string[]
}

const split = (emoji: string): string[] => emoji.split(' ')

export const EMOJI: readonly EmojiGroup[] = [
  { name: 'faces', emoji: split('😀 😃 😄 😁 😆 😅 😂 🤣 😊 🙂 😉 😍 😘 😋 😜 🤗 🤔 🤭 😐 😶 🙄 😏 😌 😔 😪 😴 😷 🤒 😎 🤓 😕 😟 😮 😲 😳 🥺 😢 😭 😱 😓 😤 😡') },
  { name: 'hands', emoji: split('👍 👎 👌 ✌️ 🤞 🤝 👏 🙌 🙏 💪 👋 ✋ 👉 👈 👆 👇 ☝️ 🤙 ✍️ 🙋 🙇 🤷') },
  { name: 'hearts', emoji: split('❤️ 🧡 💛 💚 💙 💜 💔 💕 💖 ✨ ⭐ 🌟 🔥 🎉 🎊 🎁 🌹 🌸 🌷 💐 ☀️ 🌙 🌈 🍀') },
  { name: 'things', emoji: split('📦 🚚 ✈️ 🛒 🛍️ 💳 💰 🧧 🎫 📱 💻 📷 📞 ✉️ 📄 📎 📅 ⏰ ⏳ 📍 🏠 🔑 🔍 ☕ 🍵 🍎 🎂') },
  { name: 'signs', emoji: split('✅ ❌ ❗ ❓ ⚠️ 💯 ➡️ ⬅️ ⬆️ ⬇️ 🔴 🟢 🟡 🆕 🆗 🔗') },
]

export const EVERY_EMOJI: readonly string[] = EMOJI.flatMap((group) => group.emoji)
