import { createRouter, createWebHistory } from 'vue-router'

import DeskPage from '@/desk/DeskPage.vue'

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', redirect: '/mine' },
    { path: '/:view(waiting|mine|all|closed)/:conversation?', name: 'desk', component: DeskPage, props: true },
    { path: '/settings/:section*', name: 'settings', component: () => import('@/admin/SettingsPage.vue') },
    { path: '/:unknown(.*)*', redirect: '/mine' },
  ],
})
